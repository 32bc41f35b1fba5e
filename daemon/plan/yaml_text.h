// What a text must be before it is handed to the YAML library. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

struct TextFault {
  int line = 0;  // 1-based
  int column = 0;
  std::string message;
};

// Refuses what is not UTF-8, control characters, and texts above kYamlBytesMax.
std::optional<TextFault> FindTextFault(std::string_view text);

// A text as messages show it: one line, at most 60 bytes.
std::string Shown(std::string_view text);

}  // namespace squall
