// An HttpCall that a greenlet waits for, and what the HTTP types of this process share: the memory
// of such calls, TLS contexts, base URLs. Interpreter's thread, GIL held.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/net/co.h"
#include "daemon/net/tls_context.h"
#include "daemon/python/greenlet_wait.h"
#include "daemon/python/http_call.h"
#include "daemon/python/lane_context.h"

namespace squall {

class PythonCall final {
 public:
  HttpCall http;

  // Runs it while the current greenlet waits. False with an exception set when something was thrown
  // into the greenlet: then the call is being given up, and still needs Done() before it may die.
  bool Perform(CallContext* context, GeventHub* hub);
  bool Done() const { return task_.Done(); }

 private:
  static Co<void> Run(PythonCall* call, CallContext* context);

  std::optional<GreenletWait> wait_;
  Co<void> task_;
};

// A URL that others are appended to.
struct BaseUrl {
  bool valid = false;
  Origin origin;
  std::string host_header;
  std::string prefix;    // path, without a slash at the end
  std::string userinfo;  // "user:password"
};

// How the other side is checked, and who we are to it.
struct TlsChoice {
  bool verify = true;
  std::string ca_file;  // "": the system's store
  std::string cert_file;
  std::string key_file;  // "": in cert_file
};

class HttpShop final {
 public:
  explicit HttpShop(LaneContext* lane);
  // The reactor must not turn any more.
  ~HttpShop() = default;
  HttpShop(const HttpShop&) = delete;
  HttpShop& operator=(const HttpShop&) = delete;

  LaneContext* lane() const { return lane_; }
  CallContext* context() { return &context_; }

  std::unique_ptr<PythonCall> Borrow(std::shared_ptr<ClientState> state);
  // Also of calls that were given up and are still about to end.
  void Return(std::unique_ptr<PythonCall> call);

  std::shared_ptr<const BaseUrl> FindBase(std::string_view text);
  // Made at the first need and kept. INVALID_ARGUMENT, NOT_FOUND for a file.
  absl::StatusOr<const TlsContext*> FindTls(const TlsChoice& choice);
  uint64_t NextRotation() { return rotation_++; }

 private:
  LaneContext* const lane_;
  CallContext context_;
  std::vector<std::unique_ptr<PythonCall>> free_;
  std::vector<std::unique_ptr<PythonCall>> ending_;
  std::unordered_map<std::string, std::shared_ptr<const BaseUrl>> bases_;
  std::unordered_map<std::string, std::unique_ptr<TlsContext>> tls_;
  uint64_t rotation_ = 0;
};

}  // namespace squall
