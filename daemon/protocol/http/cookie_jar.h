// The cookies of one user (RFC 6265, the parts a load test needs: domain, path, secure, expiry,
// deletion). Bounded; the oldest goes first. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/protocol/http/url.h"

namespace squall {

struct Cookie {
  std::string name;
  std::string value;
  std::string domain;  // lower case; "": for every host, as only Put can make it
  std::string path;
  bool host_only = true;
  bool secure = false;
  TimePoint expires = TimePoint::max();
};

class CookieJar final {
 public:
  // Takes one Set-Cookie value that `origin` sent for `target`. Bad ones are ignored, as browsers
  // do. `wall` is the civil time of `now`; Expires is measured against it.
  void Store(std::string_view set_cookie, const Origin& origin, std::string_view target,
             TimePoint now, WallTime wall);
  // Appends "a=1; b=2" for a request; false when there is none to send.
  bool AppendHeaderValue(const Origin& origin, std::string_view target, TimePoint now,
                         std::string* out) const;
  bool empty() const { return cookies_.empty(); }

  // In the order in which they are sent.
  const std::vector<Cookie>& cookies() const { return cookies_; }
  // Replaces the one of the same name, domain and path.
  void Put(Cookie cookie);
  // True when there was one.
  bool Erase(std::string_view name, std::string_view domain, std::string_view path);
  void Clear() { cookies_.clear(); }

 private:
  static bool Matches(const Cookie& cookie, const Origin& origin, std::string_view target,
                      TimePoint now);

  std::vector<Cookie> cookies_;
};

}  // namespace squall
