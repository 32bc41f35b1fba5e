// An HTTP receiver on loopback that keeps what it gets, one connection after another.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace squall {

inline constexpr char kTaken[] = "HTTP/1.1 204 No Content\r\n\r\n";

class TestReceiver final {
 public:
  // `answer`: the whole reply; "" = none ever.
  explicit TestReceiver(std::string answer = kTaken);
  ~TestReceiver();

  // To the next requests, one each, before the answer that it was made with.
  void Answer(std::vector<std::string> next);
  std::string url(const std::string& path = "/write") const;
  // Head and body of each request so far.
  std::vector<std::string> requests() const;
  int connections() const { return connections_; }

 private:
  void Serve();
  void Talk(int connection);

  const std::string answer_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_, as the next
  std::vector<std::string> next_answers_;
  std::thread thread_;
};

}  // namespace squall
