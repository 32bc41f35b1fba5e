// SIGINT and SIGTERM for a command that runs load: the first asks for a clean stop, the second for
// an immediate one, the third ends the process. Made in main() before any other thread, so that
// every thread inherits the blocked mask.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace squall {

class StopSignals final {
 public:
  StopSignals();   // blocks the signals and starts the thread that waits for them
  ~StopSignals();  // the thread ends
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Whom to tell, with how many signals have come so far; nullptr: nobody (the default action is
  // then the end of the process). A signal that came before is told at once.
  void Handle(std::function<void(int count)> handler);
  bool received() const;

 private:
  void Wait();

  mutable std::mutex mutex_;
  std::function<void(int)> handler_;  // guarded by mutex_, as those below
  int count_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace squall
