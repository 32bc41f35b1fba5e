// The process that runs a locustfile (squall-python), as seen by the one that started it: a socket
// to talk through, its memory and its end. Whatever the user's code does, it does it to that
// process. It dies with ours, and does not hear the terminal's Ctrl-C, which is ours to pass on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/script/lane_codec.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct LaneProcessOptions {
  std::string program;                 // squall-python: a path, or a name to be found on the PATH
  std::vector<std::string> arguments;  // all of them
  std::string directory;               // to work in; "" = ours
  std::optional<uint64_t> memory_bytes_max;  // resident; above it the process is killed
};

struct LaneEnd {
  std::optional<int> exit_code;  // none: it was killed
  std::string words;             // "exited with code 3", "was killed by signal 9 (Killed)"
};

// Called on the lane's own thread, one after another. They must not call Listen or Ignore.
class LaneListener {
 public:
  virtual ~LaneListener() = default;
  virtual void OnNote(const std::string& /*kind*/, const std::string& /*json*/) {}
  virtual void OnSnapshot(const Snapshot& /*snapshot*/) {}
  // No snapshot has come for so long: after five seconds, and again each time that it has doubled.
  virtual void OnSilence(Nanos /*silence*/) {}
  virtual void OnEnd(const LaneEnd& /*end*/) {}  // once, after the last message
};

// All methods may be called from any thread.
class LaneProcess final {
 public:
  // NOT_FOUND when the program is not there. `first` hears everything from the beginning; it and
  // `clock` outlive the object, or `first` is told to be ignored before it dies.
  static absl::StatusOr<std::unique_ptr<LaneProcess>> Start(LaneProcessOptions options,
                                                            LaneListener* first,
                                                            const Clock* clock);
  ~LaneProcess();  // kills it if it still runs
  LaneProcess(const LaneProcess&) = delete;
  LaneProcess& operator=(const LaneProcess&) = delete;

  void Listen(LaneListener* listener);
  void Ignore(LaneListener* listener);  // waits for a call of it that goes on

  // Does not wait for the process, which may be busy. UNAVAILABLE when it has ended,
  // RESOURCE_EXHAUSTED when it has not read for so long that too much is waiting.
  absl::Status Send(const v1::LaneCommand& command);
  absl::Status SendNote(const std::string& kind, const std::string& json);
  bool idle() const;  // has read everything

  // Kills it at that moment unless it has ended; a later call takes the place of an earlier one.
  // `why` is for the words of its end; nothing: never.
  void KillAt(std::optional<TimePoint> at, const std::string& why);
  std::optional<LaneEnd> ended() const;
  bool WaitForEnd(Nanos patience) const;  // false: it still runs

 private:
  LaneProcess(LaneProcessOptions options, const Clock* clock);
  struct Started;
  void Run(Started* started);
  absl::Status Launch();
  void Serve();
  enum class Got { kSome, kNothing, kEnd };
  Got Read();
  bool Deliver();
  void Write();
  void Tick();
  void CheckMemory();
  void KillNow(const std::string& why);
  void Reap();
  template <typename Call>
  void Tell(const Call& call);

  const LaneProcessOptions options_;
  const Clock* const clock_;

  // Of the lane's thread alone.
  pid_t pid_ = -1;
  LaneReader reader_;
  bool readable_ = true;
  std::optional<TimePoint> heard_at_;  // the last snapshot
  Nanos next_silence_{0};
  int ticks_ = 0;
  std::string killed_because_;

  int socket_ = -1;
  int wake_ = -1;  // an eventfd: there is something to write, or to do

  mutable std::mutex mutex_;
  mutable std::condition_variable ended_signal_;
  std::deque<std::string> outbox_;  // guarded by mutex_, as those below
  size_t outbox_bytes_ = 0;
  std::optional<TimePoint> kill_at_;
  std::string kill_why_;
  std::optional<LaneEnd> end_;

  std::mutex listeners_mutex_;  // held during calls
  std::vector<LaneListener*> listeners_;

  std::thread thread_;
};

}  // namespace squall
