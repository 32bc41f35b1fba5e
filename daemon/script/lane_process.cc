#include "daemon/script/lane_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/script/child.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

constexpr int kTickMs = 100;
constexpr int kEndTickMs = 5;  // once it has closed its end
constexpr int kTicksPerMemoryCheck = 5;
constexpr Nanos kSilence = std::chrono::seconds(5);
// A process that has closed its socket is about to end; one that does not is helped along.
constexpr Nanos kEndPatience = std::chrono::seconds(5);
constexpr size_t kOutboxBytesMax = size_t{128} << 20;

uint64_t ResidentBytes(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return statm ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string Megabytes(uint64_t bytes) { return fmt::format("{} MB", bytes / 1'000'000); }

}  // namespace

// How the thread says that the process runs, or why not.
struct LaneProcess::Started {
  std::mutex mutex;
  std::condition_variable signal;
  std::optional<absl::Status> status;

  void Set(absl::Status value) {
    const std::lock_guard<std::mutex> lock(mutex);
    status = std::move(value);
    signal.notify_one();  // with the lock: whoever waits takes this object with him
  }
  absl::Status Wait() {
    std::unique_lock<std::mutex> lock(mutex);
    signal.wait(lock, [this] { return status.has_value(); });
    return *status;
  }
};

absl::StatusOr<std::unique_ptr<LaneProcess>> LaneProcess::Start(LaneProcessOptions options,
                                                                LaneListener* first,
                                                                const Clock* clock) {
  std::unique_ptr<LaneProcess> process(new LaneProcess(std::move(options), clock));
  process->listeners_.push_back(first);
  process->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (process->wake_ < 0) {
    return absl::ResourceExhaustedError(fmt::format("eventfd: {}", std::strerror(errno)));
  }
  Started started;
  process->thread_ = std::thread([lane = process.get(), &started] { lane->Run(&started); });
  SQUALL_RETURN_IF_ERROR(started.Wait());
  return process;
}

LaneProcess::LaneProcess(LaneProcessOptions options, const Clock* clock)
    : options_(std::move(options)), clock_(clock) {}

LaneProcess::~LaneProcess() {
  KillAt(TimePoint{}, "");
  if (thread_.joinable()) {
    thread_.join();
  }
  if (socket_ >= 0) {
    close(socket_);
  }
  if (wake_ >= 0) {
    close(wake_);
  }
}

void LaneProcess::Listen(LaneListener* listener) {
  const std::lock_guard<std::mutex> lock(listeners_mutex_);
  listeners_.push_back(listener);
}

void LaneProcess::Ignore(LaneListener* listener) {
  const std::lock_guard<std::mutex> lock(listeners_mutex_);
  std::erase(listeners_, listener);
}

template <typename Call>
void LaneProcess::Tell(const Call& call) {
  const std::lock_guard<std::mutex> lock(listeners_mutex_);
  for (LaneListener* listener : listeners_) {
    call(listener);
  }
}

absl::Status LaneProcess::Send(const v1::LaneCommand& command) {
  SQUALL_ASSIGN_OR_RETURN(std::string frame, LaneFrame(command));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (end_.has_value()) {
      return absl::UnavailableError(fmt::format("the process of the locustfile {}", end_->words));
    }
    if (outbox_bytes_ + frame.size() > kOutboxBytesMax) {
      return absl::ResourceExhaustedError("the process of the locustfile does not read");
    }
    outbox_bytes_ += frame.size();
    outbox_.push_back(std::move(frame));
  }
  eventfd_write(wake_, 1);
  return absl::OkStatus();
}

absl::Status LaneProcess::SendNote(const std::string& kind, const std::string& json) {
  v1::LaneCommand command;
  command.mutable_note()->set_kind(kind);
  command.mutable_note()->set_json(json);
  return Send(command);
}

bool LaneProcess::idle() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return outbox_.empty();
}

void LaneProcess::KillAt(std::optional<TimePoint> at, const std::string& why) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    kill_at_ = at;
    kill_why_ = why;
  }
  eventfd_write(wake_, 1);
}

std::optional<LaneEnd> LaneProcess::ended() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return end_;
}

bool LaneProcess::WaitForEnd(Nanos patience) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return ended_signal_.wait_for(lock, patience, [this] { return end_.has_value(); });
}

// ---- the lane's thread -------------------------------------------------------------------------

void LaneProcess::Run(Started* started) {
  const absl::Status launched = Launch();
  const bool running = launched.ok();
  started->Set(launched);  // gone from here on
  if (running) {
    Serve();
  }
}

absl::Status LaneProcess::Launch() {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return absl::ResourceExhaustedError(fmt::format("socketpair: {}", std::strerror(errno)));
  }
  socket_ = ends[0];
  const absl::StatusOr<pid_t> pid =
      StartChild(options_.program, options_.arguments, options_.directory, ends[1]);
  close(ends[1]);
  if (pid.ok()) {
    pid_ = *pid;
  }
  return pid.status();
}

void LaneProcess::Serve() {
  while (!ended().has_value()) {
    std::array<pollfd, 2> fds = {{{wake_, POLLIN, 0}, {readable_ ? socket_ : -1, POLLIN, 0}}};
    if (!idle()) {
      fds[1].events |= POLLOUT;
    }
    poll(fds.data(), fds.size(), readable_ ? kTickMs : kEndTickMs);
    eventfd_t count = 0;
    eventfd_read(wake_, &count);
    if ((fds[1].revents & POLLOUT) != 0) {
      Write();
    }
    if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && Read() == Got::kEnd) {
      // It has closed its end, or talks nonsense: either way this is its end.
      readable_ = false;
      const std::lock_guard<std::mutex> lock(mutex_);
      kill_at_ = std::min(kill_at_.value_or(TimePoint::max()), clock_->Now() + kEndPatience);
    }
    Tick();
  }
}

LaneProcess::Got LaneProcess::Read() {
  std::array<char, 65536> bytes;
  const ssize_t got = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0) {
    return errno == EAGAIN || errno == EINTR ? Got::kNothing : Got::kEnd;
  }
  if (got == 0) {
    return Got::kEnd;
  }
  reader_.Add({bytes.data(), static_cast<size_t>(got)});
  return Deliver() ? Got::kSome : Got::kEnd;
}

bool LaneProcess::Deliver() {
  v1::LaneEvent event;
  while (true) {
    const absl::StatusOr<bool> found = reader_.Next(&event);
    if (!found.ok()) {
      KillNow(fmt::format("it broke the connection to squall ({})",
                          std::string(found.status().message())));
      return false;
    }
    if (!*found) {
      return true;
    }
    if (event.has_note()) {
      Tell([&](LaneListener* to) { to->OnNote(event.note().kind(), event.note().json()); });
    } else if (event.has_snapshot()) {
      const absl::StatusOr<Snapshot> snapshot = SnapshotFromProto(event.snapshot());
      if (!snapshot.ok()) {
        KillNow(
            fmt::format("it sent false figures ({})", std::string(snapshot.status().message())));
        return false;
      }
      heard_at_ = clock_->Now();
      next_silence_ = kSilence;
      Tell([&](LaneListener* to) { to->OnSnapshot(*snapshot); });
    }
  }
}

void LaneProcess::Write() {
  std::string frame;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (outbox_.empty()) {
      return;
    }
    frame.swap(outbox_.front());
  }
  const ssize_t written = send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  const bool gone = written < 0 && errno != EAGAIN && errno != EINTR;
  const size_t done = gone ? frame.size() : static_cast<size_t>(std::max<ssize_t>(0, written));
  const std::lock_guard<std::mutex> lock(mutex_);
  outbox_bytes_ -= done;
  if (done == frame.size()) {
    outbox_.pop_front();
  } else {
    outbox_.front() = frame.substr(done);
  }
}

void LaneProcess::Tick() {
  const TimePoint now = clock_->Now();
  std::optional<std::string> kill_why;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (kill_at_.has_value() && now >= *kill_at_) {
      kill_why = kill_why_;
      kill_at_.reset();
    }
  }
  if (kill_why.has_value()) {
    KillNow(*kill_why);
  }
  if (heard_at_.has_value() && now - *heard_at_ >= next_silence_) {
    next_silence_ *= 2;
    Tell([&](LaneListener* to) { to->OnSilence(now - *heard_at_); });
  }
  if (++ticks_ % kTicksPerMemoryCheck == 0) {
    CheckMemory();
  }
  Reap();
}

void LaneProcess::CheckMemory() {
  if (!options_.memory_bytes_max.has_value() || !killed_because_.empty()) {
    return;
  }
  const uint64_t used = ResidentBytes(pid_);
  if (used > *options_.memory_bytes_max) {
    KillNow(fmt::format("it used {} of memory, more than the {} of --script-memory-max",
                        Megabytes(used), Megabytes(*options_.memory_bytes_max)));
  }
}

// What the user's code has forked goes with it.
void LaneProcess::KillNow(const std::string& why) {
  if (killed_because_.empty()) {
    killed_because_ = why;
  }
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
  }
}

void LaneProcess::Reap() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) {
    return;
  }
  pid_ = -1;
  while (readable_ && Read() == Got::kSome) {  // its last words
  }
  LaneEnd end;
  if (WIFEXITED(status)) {
    end.exit_code = WEXITSTATUS(status);
  }
  end.words = killed_because_.empty() || WIFEXITED(status)
                  ? DescribeEnd(status)
                  : fmt::format("was killed: {}", killed_because_);
  Tell([&](LaneListener* to) { to->OnEnd(end); });
  const std::lock_guard<std::mutex> lock(mutex_);
  end_ = std::move(end);
  ended_signal_.notify_all();
}

}  // namespace squall
