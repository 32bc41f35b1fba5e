// squall-python: runs a locustfile for `squall run`, `locust` or squalld, which start it. It embeds
// CPython, so that whatever user code does to its process, it does to this one alone.
//
// Exit codes: those of the test (see docs/locust-compatibility.md), or of the script.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/proxy_environment.h"
#include "daemon/base/status_macros.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/net/reactor.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/otel/otlp.h"
#include "daemon/programs/otel_flags.h"
#include "daemon/python/forked_child.h"
#include "daemon/python/gevent_hub.h"
#include "daemon/python/http_python.h"
#include "daemon/python/interpreter.h"
#include "daemon/python/lane.h"
#include "daemon/python/lane_context.h"
#include "daemon/python/python_call.h"
#include "daemon/python/squall_module.h"

extern char** environ;

namespace squall {
namespace {

constexpr int kExitCannotStart = 1;
constexpr int kExitUsage = 2;

struct Flags {
  int channel_fd = -1;
  std::string role = "local";
  std::string script;
  std::vector<std::string> allow_targets;
  std::string without_proxy;
  std::vector<std::string> arguments;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Sends the spans of the run as the variables of this process ask for; where to is in the plan.
absl::StatusOr<SpanExportMaker> MakeSpanExports() {
  std::map<std::string, std::string> variables;
  for (char** item = environ; *item != nullptr; ++item) {
    const std::string_view text = *item;
    if (const size_t equals = text.find('='); equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  SQUALL_ASSIGN_OR_RETURN(const OtelEnvironment otel, ReadOtel(variables));
  return OtlpSpanExportMaker(
      otel.sending, [](std::string_view text) { fmt::print(stderr, "squall-python: {}\n", text); });
}

// <here>/../lib/squall/python
std::string PackageDirectory() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path().parent_path() / "lib/squall/python").string();
}

absl::StatusOr<int> Run(const Flags& flags) {
  SQUALL_ASSIGN_OR_RETURN(TargetAllowList allowed, ParseTargetAllowList(flags.allow_targets));
  RaiseDescriptorLimit();
  const SystemClock clock;
  SQUALL_ASSIGN_OR_RETURN(const std::unique_ptr<Reactor> reactor, Reactor::Make(&clock));
  SQUALL_RETURN_IF_ERROR(reactor->Nest());
  if (!RegisterSquallModule()) {
    return absl::ResourceExhaustedError("no memory for the interpreter");
  }
  InterpreterOptions options;
  options.package_directory = PackageDirectory();
  options.virtual_env = Environment("VIRTUAL_ENV");
  options.skip_monkey_patch = !Environment("LOCUST_SKIP_MONKEY_PATCH").empty();
  SQUALL_ASSIGN_OR_RETURN(const std::unique_ptr<Interpreter> interpreter,
                          Interpreter::Make(options));
  SQUALL_ASSIGN_OR_RETURN(const std::unique_ptr<GeventHub> hub, GeventHub::Make(reactor.get()));
  LaneContext context(hub.get(), std::move(allowed));
  set_lane_context(&context);
  HttpShop shop(&context);
  set_http_shop(&shop);
  LaneOptions lane_options;
  lane_options.channel_fd = flags.channel_fd;
  lane_options.coordinator = flags.role == "coordinator";
  if (flags.script.empty()) {
    SQUALL_ASSIGN_OR_RETURN(lane_options.make_span_export, MakeSpanExports());
  }
  Lane lane(&context, &clock, std::move(lane_options));
  set_lane(&lane);
  SQUALL_RETURN_IF_ERROR(lane.Open());
  SQUALL_RETURN_IF_ERROR(WatchForks());
  const int code = flags.script.empty() ? interpreter->RunLane(flags.role, flags.arguments)
                                        : interpreter->RunScript(flags.script, flags.arguments);
  // Threads and greenlets of user code may still be there; nothing of ours waits to be written.
  std::fflush(nullptr);
  _exit(code);
}

int Main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "Runs locustfiles for squall, locust and squalld, which start it themselves. By hand it "
      "runs\n"
      "a Python program that uses the locust package: squall-python --script FILE [ARGUMENT...]",
      "squall-python");
  Flags flags;
  app.set_version_flag("--version", std::string("squall-python ") + SQUALL_VERSION);
  app.add_option("--script", flags.script, "A Python program to run instead of a test");
  app.add_option("--channel-fd", flags.channel_fd, "The socket to the process that starts it");
  app.add_option("--role", flags.role, "What it is in the run")
      ->check(CLI::IsMember({"local", "coordinator", "agent"}));
  app.add_option("--allow-target", flags.allow_targets, "Put load on nothing else")
      ->allow_extra_args(false);
  app.add_option("--without-proxy", flags.without_proxy,
                 "Call this HOST, a collector, without the proxies of the environment");
  app.prefix_command();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  flags.arguments = app.remaining();
  if (!flags.arguments.empty() && flags.arguments.front() == "--") {
    flags.arguments.erase(flags.arguments.begin());
  }
  if (flags.script.empty() && flags.channel_fd < 0) {
    fmt::print(stderr,
               "squall-python: --script FILE must be given; tests are run by squall run -f\n");
    return kExitUsage;
  }
  TakeProxiesBack();  // users' code may want them
  CallWithoutProxy(flags.without_proxy);
  const absl::StatusOr<int> code = Run(flags);
  if (!code.ok()) {
    fmt::print(stderr, "squall-python: {}\n", std::string(code.status().message()));
    return code.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage
                                                                      : kExitCannotStart;
  }
  return *code;
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
