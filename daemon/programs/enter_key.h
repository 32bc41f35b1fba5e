// Tells when Enter is pressed on the terminal that standard input is.
#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace squall {

class EnterKey final {
 public:
  // `pressed` is called on a thread of its own. nullptr when standard input is no terminal.
  static std::unique_ptr<EnterKey> Listen(std::function<void()> pressed);
  ~EnterKey();  // ends the thread
  EnterKey(const EnterKey&) = delete;
  EnterKey& operator=(const EnterKey&) = delete;

 private:
  EnterKey(std::function<void()> pressed, int wake);
  void Run();

  const std::function<void()> pressed_;
  const int wake_;  // an eventfd
  std::thread thread_;
};

}  // namespace squall
