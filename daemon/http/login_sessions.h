// Who has logged in with a browser. A session stands for the Authorization header that its owner
// could have sent: it is judged again at every request, so a new token ends the sessions of the old
// one. Time is an argument. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace squall {

class LoginSessions final {
 public:
  static constexpr size_t kSessionsMax = 256;  // the oldest goes
  static constexpr Nanos kLifetime = std::chrono::hours(24);

  void Open(std::string id, std::string authorization, TimePoint now);
  // The header that the session stands for; "" when there is none, or no more. The time it takes
  // says nothing about ids.
  std::string Find(std::string_view id, TimePoint now) const;
  void Close(std::string_view id);
  size_t size() const { return sessions_.size(); }

 private:
  struct Session {
    std::string id;
    std::string authorization;
    TimePoint end;
  };
  std::deque<Session> sessions_;  // by end
};

}  // namespace squall
