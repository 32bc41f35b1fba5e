// Stands in for squall-python: speaks its protocol and does one thing wrong, which the text of its
// "locustfile" (an agent's) or its argument (of others) names. A real process, since what is tested
// is how others live with its death.
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "daemon/plan/value.h"
#include "daemon/script/lane_codec.h"
#include "daemon/stats/snapshot.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

constexpr int kFd = 3;

void Say(const std::string& kind, const std::string& json) {
  v1::LaneEvent event;
  event.mutable_note()->set_kind(kind);
  event.mutable_note()->set_json(json);
  WriteLaneEvent(kFd, event).IgnoreError();
}

void Show(RunState state) {
  Snapshot snapshot;
  snapshot.state = state;
  snapshot.users["Shopper"] = state == RunState::kRunning ? 2 : 0;
  snapshot.entries[{RunPhase::kMeasured, "/", "GET"}].requests = 5;
  v1::LaneEvent event;
  SnapshotToProto(snapshot, event.mutable_snapshot());
  WriteLaneEvent(kFd, event).IgnoreError();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class FakeLane final {
 public:
  explicit FakeLane(std::string mode) : mode_(std::move(mode)) {}

  void Load() {
    if (mode_ == "exits before loading") {
      _exit(7);
    }
    if (mode_ == "is refused") {
      Say("refused", R"({"message":"locustfile.py:3: SyntaxError"})");
    } else if (mode_ != "never answers") {
      Say("loaded", R"({"users":3,"run_time_seconds":1.5,"classes":[{"name":"Shopper"}]})");
    }
  }

  void Hear(const v1::LaneCommand& command) {
    if (command.has_note()) {
      HearNote(command.note());
    } else if (command.has_prepare()) {
      Say("prepared", "{}");
    } else if (command.has_start()) {
      Begin();
    } else if (command.has_stop() && mode_ != "does not stop") {
      Show(RunState::kFinished);
    }
  }

 private:
  void HearNote(const v1::ScriptNote& note) {
    const Value value = *ParseJson(note.json());
    if (note.kind() == "load") {
      mode_ = ReadFile(value.Find("locustfiles")->AsList()->front().ToText());
      Load();
    } else if (note.kind() == "finish") {
      const int code = mode_ == "wants code 9" ? 9 : std::stoi(value.Find("exit_code")->ToText());
      Say("exit_code", "{\"code\":" + std::to_string(code) + "}");
      _exit(code);
    } else if (note.kind() == "message") {
      Say("message", note.json());
    }
  }

  void Begin() {
    Show(RunState::kRunning);
    if (mode_ == "exits with 3") {
      _exit(3);
    } else if (mode_ == "dies") {
      raise(SIGKILL);
    } else if (mode_ == "sends garbage") {
      send(kFd, "\xff\xff\xff\xff", 4, 0);
    } else if (mode_ == "eats memory") {
      memory_.assign(size_t{200} << 20, 'x');
    } else if (mode_ == "has a shape") {
      Say("shape", R"({"users":4,"spawn_rate":2})");
      Say("shape", R"({"stop":true})");
    } else if (mode_ == "quits") {
      Say("quit", "{}");
    } else if (mode_ == "blocks") {
      Say("blocked", R"({"seconds":2.5,"where":"locustfile.py:9"})");
    }
  }

  std::string mode_;
  std::string memory_;
};

int Main(const std::vector<std::string>& arguments) {
  FakeLane lane(arguments.back());
  if (arguments.at(3) != "agent") {
    lane.Load();
  }
  LaneReader reader;
  char bytes[4096];
  while (true) {
    const ssize_t got = recv(kFd, bytes, sizeof(bytes), 0);
    if (got <= 0) {
      return 0;
    }
    reader.Add({bytes, static_cast<size_t>(got)});
    v1::LaneCommand command;
    while (*reader.Next(&command)) {
      lane.Hear(command);
    }
  }
}

}  // namespace
}  // namespace squall

// squall-python --channel-fd 3 --role ROLE -- ARGUMENTS…
int main(int argc, char** argv) { return squall::Main({argv + 1, argv + argc}); }
