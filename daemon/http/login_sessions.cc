#include "daemon/http/login_sessions.h"

#include <utility>

#include "daemon/net/token_guard.h"

namespace squall {

void LoginSessions::Open(std::string id, std::string authorization, TimePoint now) {
  while (!sessions_.empty() && (sessions_.front().end <= now || sessions_.size() >= kSessionsMax)) {
    sessions_.pop_front();
  }
  sessions_.push_back({std::move(id), std::move(authorization), now + kLifetime});
}

std::string LoginSessions::Find(std::string_view id, TimePoint now) const {
  std::string authorization;
  for (const Session& session : sessions_) {
    if (EqualInConstantTime(id, session.id) && now < session.end) {
      authorization = session.authorization;
    }
  }
  return authorization;
}

void LoginSessions::Close(std::string_view id) {
  std::erase_if(sessions_,
                [id](const Session& session) { return EqualInConstantTime(id, session.id); });
}

}  // namespace squall
