// The program that the tests of this room start instead of squall-python.
#pragma once

#include <filesystem>
#include <string>

namespace squall {

inline std::string FakeLaneProgram() {
  return std::filesystem::absolute(SQUALL_BINARY_DIR "/tests/daemon/script/fake_lane").string();
}

}  // namespace squall
