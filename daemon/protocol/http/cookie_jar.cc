#include "daemon/protocol/http/cookie_jar.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "daemon/base/ascii.h"

namespace squall {
namespace {

constexpr size_t kCookiesMax = 100;
constexpr size_t kCookieBytesMax = 8192;

// Cuts "name=value" off the front of `rest`, up to the next ';'.
std::pair<std::string_view, std::string_view> NextPair(std::string_view* rest) {
  const size_t end = std::min(rest->find(';'), rest->size());
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  const size_t equals = part.find('=');
  if (equals == std::string_view::npos) {
    return {Trim(part), {}};
  }
  return {Trim(part.substr(0, equals)), Trim(part.substr(equals + 1))};
}

// When a cookie with this Max-Age ends; nothing when it is not a number (RFC 6265, 5.2.2: ignored).
std::optional<TimePoint> ExpiryOf(std::string_view max_age, TimePoint now) {
  constexpr int64_t kSecondsMax = int64_t{400} * 86400;  // as RFC 6265bis advises
  int64_t seconds = 0;
  const char* end = max_age.data() + max_age.size();
  const auto [rest, problem] = std::from_chars(max_age.data(), end, seconds);
  if (rest != end || problem == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (problem == std::errc::result_out_of_range) {
    seconds = max_age.starts_with('-') ? -1 : kSecondsMax;
  }
  return seconds <= 0 ? TimePoint::min()
                      : now + std::chrono::seconds(std::min(seconds, kSecondsMax));
}

// Any of the three date formats of RFC 9110, 5.6.7, read as RFC 6265, 5.1.1 wants it: by what each
// part looks like. Nothing when it is no date.
std::optional<WallTime> ReadDate(std::string_view text) {
  constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  const std::string lower = LowerCase(text);
  std::optional<int> day;
  std::optional<int> month;
  std::optional<int> year;
  std::optional<int> seconds;
  size_t at = 0;
  while (at < lower.size()) {
    const size_t end = std::min(lower.find_first_of(" ,-\t", at), lower.size());
    const std::string part = lower.substr(at, end - at);
    at = end + 1;
    int h = 0;
    int m = 0;
    int s = 0;
    const size_t name = part.size() == 3 ? kMonths.find(part) : std::string_view::npos;
    if (part.find(':') != std::string::npos) {
      if (std::sscanf(part.c_str(), "%2d:%2d:%2d", &h, &m, &s) == 3) {
        seconds = (h * 60 + m) * 60 + s;
      }
    } else if (name != std::string_view::npos && name % 3 == 0) {
      month = static_cast<int>(name / 3) + 1;
    } else if (std::from_chars(part.data(), part.data() + part.size(), h).ec == std::errc()) {
      (day.has_value() || part.size() > 2 ? year : day) = h;
    }
  }
  if (!day || !month || !year || !seconds) {
    return std::nullopt;
  }
  const int full_year = *year < 70 ? *year + 2000 : *year < 100 ? *year + 1900 : *year;
  const std::chrono::year_month_day date{std::chrono::year(full_year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || full_year > 2200) {  // nanoseconds since 1970 end in 2262
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(date)) + std::chrono::seconds(*seconds);
}

std::string DefaultPath(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

bool DomainCovers(std::string_view domain, std::string_view host) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

void CookieJar::Store(std::string_view set_cookie, const Origin& origin, std::string_view target,
                      TimePoint now, WallTime wall) {
  if (set_cookie.size() > kCookieBytesMax ||
      set_cookie.substr(0, set_cookie.find(';')).find('=') == std::string_view::npos) {
    return;
  }
  std::string_view rest = set_cookie;
  const auto [name, value] = NextPair(&rest);
  if (name.empty()) {
    return;
  }
  Cookie cookie;
  cookie.name = name;
  cookie.value = value;
  cookie.domain = LowerCase(origin.host);
  cookie.path = DefaultPath(target);
  bool has_max_age = false;
  while (!rest.empty()) {
    const auto [key, attribute] = NextPair(&rest);
    const std::string lower = LowerCase(key);
    if (lower == "path" && attribute.starts_with('/')) {
      cookie.path = attribute;
    } else if (lower == "domain" && !attribute.empty()) {
      const std::string domain = LowerCase(attribute.substr(attribute.front() == '.' ? 1 : 0));
      if (!DomainCovers(domain, cookie.domain)) {
        return;  // a server cannot set cookies for somebody else
      }
      cookie.domain = domain;
      cookie.host_only = false;
    } else if (lower == "secure") {
      cookie.secure = true;
    } else if (lower == "max-age") {
      const std::optional<TimePoint> expiry = ExpiryOf(attribute, now);
      has_max_age = has_max_age || expiry.has_value();
      cookie.expires = expiry.value_or(cookie.expires);
    } else if (lower == "expires" && !has_max_age) {
      if (const std::optional<WallTime> date = ReadDate(attribute); date.has_value()) {
        cookie.expires = now + (*date - wall);
      }
    }
  }
  if (cookie.expires > now) {
    Put(std::move(cookie));
  } else {
    Erase(cookie.name, cookie.domain, cookie.path);
  }
}

void CookieJar::Put(Cookie cookie) {
  Erase(cookie.name, cookie.domain, cookie.path);
  if (cookies_.size() >= kCookiesMax) {
    cookies_.erase(cookies_.begin());
  }
  cookies_.push_back(std::move(cookie));
}

bool CookieJar::Erase(std::string_view name, std::string_view domain, std::string_view path) {
  return std::erase_if(cookies_, [&](const Cookie& old) {
           return old.name == name && old.domain == domain && old.path == path;
         }) > 0;
}

bool CookieJar::Matches(const Cookie& cookie, const Origin& origin, std::string_view target,
                        TimePoint now) {
  const std::string host = LowerCase(origin.host);
  if (cookie.expires <= now || (cookie.secure && !origin.tls)) {
    return false;
  }
  if (cookie.domain.empty()) {
    // for every host
  } else if (cookie.host_only ? host != cookie.domain : !DomainCovers(cookie.domain, host)) {
    return false;
  }
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(cookie.path)) {
    return false;
  }
  return path.size() == cookie.path.size() || cookie.path.ends_with('/') ||
         path[cookie.path.size()] == '/';
}

bool CookieJar::AppendHeaderValue(const Origin& origin, std::string_view target, TimePoint now,
                                  std::string* out) const {
  bool any = false;
  for (const Cookie& cookie : cookies_) {
    if (Matches(cookie, origin, target, now)) {
      out->append(any ? "; " : "").append(cookie.name).append("=").append(cookie.value);
      any = true;
    }
  }
  return any;
}

}  // namespace squall
