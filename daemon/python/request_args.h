// The arguments of `client.get(…)` and its kin, sorted but not yet looked at. GIL held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

struct _object;  // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

enum class Arg : uint8_t {
  kMethod,
  kUrl,
  kName,
  kCatchResponse,
  kContext,
  kData,
  kJson,
  kHeaders,
  kParams,
  kTimeout,
  kAllowRedirects,
  kVerify,
  kAuth,
  kCookies,
  kStream,
  kCert,
  kFiles,
  kProxies,
  kHooks,
};
constexpr size_t kArgCount = 19;

// Borrowed; nullptr: not given. Good as long as the caller's own arguments are.
struct RequestArgs {
  std::array<_object*, kArgCount> values{};
  _object*& operator[](Arg arg) { return values[static_cast<size_t>(arg)]; }
  _object* operator[](Arg arg) const { return values[static_cast<size_t>(arg)]; }
  // Given, and not None.
  bool Has(Arg arg) const;
};

// Which parameters a method takes by position, in order.
struct PositionalArgs {
  const char* function;
  std::array<Arg, 12> args;
  size_t count;
};

// The keyword's name.
const char* NameOf(Arg arg);
// Reads the arguments of a vectorcall. False with TypeError set.
bool ReadArgs(const PositionalArgs& positional, _object* const* args, ptrdiff_t count,
              _object* keyword_names, RequestArgs* out);

}  // namespace squall
