// The cookies of one user (RFC 6265, the parts a load test needs: domain, path, secure, expiry by
// Max-Age, deletion). Bounded; the oldest goes first. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/protocol/http/url.h"

namespace squall {

class CookieJar final {
 public:
  // Takes one Set-Cookie value that `origin` sent for `target`. Bad ones are ignored, as browsers
  // do.
  void Store(std::string_view set_cookie, const Origin& origin, std::string_view target,
             TimePoint now);
  // Appends "a=1; b=2" for a request; false when there is none to send.
  bool AppendHeaderValue(const Origin& origin, std::string_view target, TimePoint now,
                         std::string* out) const;
  bool empty() const { return cookies_.empty(); }

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string domain;  // lower case
    std::string path;
    bool host_only = true;
    bool secure = false;
    TimePoint expires = TimePoint::max();
  };
  static bool Matches(const Cookie& cookie, const Origin& origin, std::string_view target,
                      TimePoint now);

  std::vector<Cookie> cookies_;
};

}  // namespace squall
