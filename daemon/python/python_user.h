// A user whose loop is a greenlet of Python code. The engine starts and stops it as any user; what
// it does in between is Python's, which tells us through its UserHandle. Owned by the shard's
// Population. Interpreter's thread, GIL held.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/engine/user.h"
#include "daemon/python/greenlet_wait.h"

namespace squall {

class PythonUser final : public User {
 public:
  // `spawner` is called with the handle and gives the greenlet, which has been started but has not
  // run yet. Borrowed, and outlives every user.
  PythonUser(UserHost* host, GeventHub* hub, _object* spawner, uint64_t number, size_t class_index);
  ~PythonUser() override;

  // User
  void Start() override;
  void Dispatch(uint64_t arrival, TimePoint intended) override;
  void RequestStop(bool finish_task) override;
  void Abort() override;
  void Nudge() override;
  uint64_t number() const override { return number_; }
  size_t class_index() const override { return class_index_; }
  bool ended() const override { return ended_; }

  // Sets the exception that ends a greenlet, as gevent raises it in one that is killed.
  static void SetExit();

  // For the handle.
  //
  // 0: goes on; 1: ends after its task; 2: ends at the next chance.
  int stopping() const { return on_stop_ ? 0 : stopping_; }
  bool Begin();
  // -1: something was thrown into it. 0: the user must end.
  int BeginTask();
  void EndTask();
  // False with an exception set.
  bool Pause(double seconds);
  void BeginOnStop() { on_stop_ = true; }
  void SetIntended(double seconds_late);
  std::optional<TimePoint> TakeIntended();
  void NoteEnded();

 private:
  // A pause of Python code, timed by the Reactor.
  struct Sleep;
  bool SleepUntil(TimePoint when);
  void EndNow();
  void Kill();

  UserHost* const host_;
  GeventHub* const hub_;
  _object* const spawner_;
  const uint64_t number_;
  const size_t class_index_;
  _object* handle_ = nullptr;
  _object* greenlet_ = nullptr;
  GreenletWait* pause_ = nullptr;  // while it is in one
  std::optional<TimePoint> intended_;
  int stopping_ = 0;
  bool begun_ = false;
  bool holding_ = false;  // the pause lasts as long as the run's
  bool on_stop_ = false;
  bool ended_ = false;
};

}  // namespace squall
