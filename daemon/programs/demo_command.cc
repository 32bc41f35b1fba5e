#include "daemon/programs/demo_command.h"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/plan/parse_plan.h"
#include "daemon/programs/sample_plan.h"
#include "daemon/programs/terminal.h"
#include "daemon/programs/web_run.h"
#include "daemon/target/catalogue.h"
#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/router.h"
#include "daemon/target/server.h"
#include "daemon/target/store.h"

namespace squall {
namespace {

constexpr Nanos kDrain = std::chrono::seconds(2);

}  // namespace

int DemoCommand(const DemoFlags& demo, const Environment& environment, StopSignals* signals) {
  const SystemClock clock;
  TargetServerOptions options;
  options.listen.host = "127.0.0.1";
  options.listen.port = 0;
  ProductStore store(DemoCatalogue());
  TargetCounters counters(options.threads, TargetRouter::RouteLabels());
  StallSwitch stall(clock.Now(), {});
  const TargetRouter router({}, &store, &counters, &stall);
  const TargetServer::Parts parts{&router, &stall, &counters, &clock};
  const auto server = TargetServer::Start(options, parts);
  if (!server.ok()) {
    fmt::print(stderr, "squall demo: {}\n", std::string(server.status().message()));
    return static_cast<int>(ExitCode::kRequestsFailed);
  }
  PlanInputs inputs;
  inputs.texts.push_back({"product-service.yaml", SamplePlan()});
  PlanResult parsed = ParsePlan(inputs);
  if (!parsed.errors.empty()) {
    fmt::print(stderr, "{}\n", parsed.errors.front().ToString());
    return static_cast<int>(ExitCode::kBadPlan);
  }
  RunFlags flags;
  flags.host = fmt::format("http://{}", FormatListenAddress((*server)->address()));
  flags.users = demo.users;
  flags.spawn_rate = static_cast<double>(demo.users);
  flags.run_time = demo.run_time;
  flags.web.port = demo.web_port;
  flags.web.autostart = true;
  // Where nobody can press Ctrl-C it ends by itself.
  const bool headless = demo.headless || !DescribeTerminal(stdin, true).interactive;
  const int code = headless ? RunPlan(std::move(parsed.plan), flags, environment, signals)
                            : RunPlanWithPage(std::move(parsed.plan), flags, environment, signals);
  (*server)->Stop(kDrain);
  fmt::print(stderr, "the target has answered {} requests\n", counters.TotalRequests());
  return code;
}

}  // namespace squall
