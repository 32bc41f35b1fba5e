// `squall demo`: the sample plan against the product service, both inside this process.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/programs/run_command.h"

namespace squall {

struct DemoFlags {
  std::string run_time = "20s";
  uint64_t users = 20;
  bool headless = false;
  uint16_t web_port = 8089;
};

int DemoCommand(const DemoFlags& demo, const Environment& environment, StopSignals* signals);

}  // namespace squall
