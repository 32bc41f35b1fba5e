// The Python half of the HTTP types: what is rare, and so written in Python, in the module
// locust._client.native. Its functions are looked up at the first need. GIL held.
#pragma once

#include <cstdint>

struct _object;  // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

class HttpShop;

// The one of this process; set it before the types are used.
HttpShop* http_shop();
void set_http_shop(HttpShop* shop);

// Called with the keyword arguments of events.request after each request; nullptr: nobody listens.
_object* request_listener();

// Adds Session, Response and set_request_listener to `_squall`. False with an exception set.
bool AddHttpTypes(_object* module);

enum class Helper : uint8_t {
  kSessionHeaders,   // (fast) -> the default headers of a session
  kHeaderItems,      // (mapping) -> [(name, value), …], both str or bytes
  kResponseHeaders,  // ([(name, value), …]) -> case-insensitive dict
  kCookieView,       // (session) -> what session.cookies is
  kCookieText,       // (cookies) -> "a=1; b=2"
  kPrepareUrl,       // (url, params, fast) -> str, ready for the wire
  kEncodeForm,       // (data) -> str
  kEncodeJson,       // (value) -> str, as requests does
  kEncodeFastJson,   // (value) -> str, as FastHttpUser does
  kScanJson,         // (text, index) -> (value, end)
  kLoadJson,         // (response, kwargs) -> value; raises what requests would
  kGuessEncoding,    // (bytes) -> str or None
  kRaiseBadContent,  // (response)
  kRaiseBadHeader,   // (name, value)
  kRaiseOutside,     // (response): success() or failure() where it has no effect
  kHintWithBlock,    // (): said once
  kMakeError,        // (response, key) -> the exception with that repr
  kMakeStatusError,  // (response, name) -> exception
  kIsResponseError,  // (exception) -> bool
  kCatchError,       // (value) -> CatchResponseError
  kErrorText,        // (exception) -> str
  kMergeContext,     // (user, context) -> dict
  kFallBack,         // (session, arguments, reason) -> response
};
constexpr int kHelperCount = 23;

// Borrowed; nullptr with an exception set.
_object* FindHelper(Helper helper);
// A new reference; nullptr with an exception set, as when an argument is nullptr.
_object* CallHelper(Helper helper, _object* a = nullptr, _object* b = nullptr,
                    _object* c = nullptr);

}  // namespace squall
