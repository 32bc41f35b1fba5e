// A reply of the target as checks and extractions see it, however it came. Everything is borrowed
// for the calls; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/plan/value.h"

namespace squall {

// Where a reply's headers are. Implemented by the protocol.
class HeaderLookup {
 public:
  virtual ~HeaderLookup() = default;
  // The value of the first header called `name`, in any case; nothing when there is none.
  virtual std::optional<std::string_view> Find(std::string_view name) const = 0;
};

// The body as JSON, parsed when somebody first asks and then kept, with its failure if it is not
// JSON: however many checks and extractions a step has, a body is parsed at most once.
class BodyJson final {
 public:
  BodyJson() = default;
  BodyJson(const BodyJson&) = delete;
  BodyJson& operator=(const BodyJson&) = delete;

  // nullptr when it is not JSON. Always pass the same body.
  const Value* Get(std::string_view body) const;

 private:
  mutable bool parsed_ = false;
  mutable std::optional<Value> value_;
};

struct ResponseView {
  int status = 0;
  const HeaderLookup* headers = nullptr;  // nullptr: no headers
  std::string_view body;
  Nanos total{0};  // from the send to the end of the body
  BodyJson body_json;

  const Value* Json() const { return body_json.Get(body); }
  std::optional<std::string_view> Header(std::string_view name) const {
    return headers == nullptr ? std::nullopt : headers->Find(name);
  }
};

// Why a status fails when the plan says nothing about it: "HTTP 404 Not Found" for 400 and above,
// nothing below. At most one reason per status.
std::optional<std::string> DefaultStatusFailure(int status);

// "Invalid JSON", or "Invalid JSON: empty body".
std::string InvalidJsonReason(std::string_view body);

// `text` from a plan or a reply as a failure's reason shows it: one printable line, cut after 64
// bytes, so that no reply can make long reasons.
std::string ReasonValue(std::string_view text);

}  // namespace squall
