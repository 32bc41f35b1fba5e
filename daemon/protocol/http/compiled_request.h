// A request step, ready to send: every template compiled, and, when nothing in it varies, the bytes
// themselves. Immutable; shared by all shards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/engine/protocol.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/response_check.h"
#include "daemon/plan/template.h"
#include "daemon/protocol/http/url.h"

namespace squall {

// One request as it goes out, but for cookies: `head` lacks its last empty line.
struct RenderedRequest {
  Origin origin;
  std::string method;
  std::string target;
  std::string head;
  std::string body;
};

class CompiledHttpRequest final : public CompiledRequest {
 public:
  static absl::StatusOr<std::unique_ptr<CompiledHttpRequest>> Make(const RequestStep& step,
                                                                   const Plan& plan,
                                                                   const UserClass& user_class,
                                                                   size_t number);

  // The request for this user now. NOT_FOUND names a missing variable, INVALID_ARGUMENT a URL or a
  // header that a template made.
  absl::Status Render(const TemplateScope& scope, RenderedRequest* out) const {
    return RenderWith(&scope, out);
  }
  // The same for everybody and always; nullptr when it varies.
  const RenderedRequest* constant() const { return constant_ ? &*constant_ : nullptr; }
  // Where it goes, as far as that is known before it is rendered; nullptr when it is not.
  const Origin* known_origin() const;
  // The request that follows a redirect of `before`, as browsers and python-requests do it.
  RenderedRequest Follow(const RenderedRequest& before, int status, const Url& to) const;

  size_t number() const { return number_; }
  const std::string& method() const { return method_; }
  // The name in the statistics, when it is the same for everybody; nullptr when it varies.
  const std::string* constant_name() const {
    return !literal_name_.empty() ? &literal_name_
                                  : (name_.IsConstant() ? &name_.constant() : nullptr);
  }
  const Template& name() const { return name_; }
  const CompiledChecks& checks() const { return *checks_; }
  const Retry& retry() const { return retry_; }
  bool RetriesStatus(int status) const;
  Nanos timeout() const { return timeout_; }
  int redirects_max() const { return redirects_max_; }
  bool expect_continue() const { return expect_continue_; }
  bool idempotent() const { return idempotent_; }

 private:
  struct Pair {
    std::string name;
    Template value;
  };
  enum class BodyKind : uint8_t { kNone, kText, kJson, kForm };

  CompiledHttpRequest() = default;
  absl::Status CompileTarget(const RequestStep& step, const std::string& base_url);
  absl::Status CompileProxy(const Service& service);
  absl::Status CompileBody(const RequestStep& step);
  absl::Status CompileHeaders(const RequestStep& step, const Service& service);
  absl::Status RenderWith(const TemplateScope* scope, RenderedRequest* out) const;
  absl::Status RenderTarget(const TemplateScope* scope, RenderedRequest* out) const;
  absl::Status RenderBody(const TemplateScope* scope, std::string* out) const;
  absl::Status RenderHead(const TemplateScope* scope, RenderedRequest* out) const;
  absl::Status AppendAuthorization(const TemplateScope* scope, std::string* head) const;
  void StartHead(const Origin& origin, std::string_view method, std::string_view target,
                 std::string* head) const;
  static void EscapeTarget(std::string* target);
  static absl::Status Append(const Template& text, const TemplateScope* scope, std::string* out);
  bool IsConstant() const;
  bool HasHeader(std::string_view name) const;

  size_t number_ = 0;
  std::string method_;
  Template name_;
  std::string literal_name_;    // a templated path, as written
  Origin origin_;               // of the base URL
  bool leaves_origin_ = false;  // the path is, or may become, an absolute URL
  std::string prefix_;          // path of the base URL, without a slash at the end
  Template path_;
  std::vector<Pair> query_;
  std::vector<Pair> headers_;
  std::optional<std::pair<Template, Template>> basic_auth_;
  std::optional<Template> bearer_;
  std::optional<std::pair<std::string, std::string>> url_credentials_;
  BodyKind body_kind_ = BodyKind::kNone;
  Template body_;
  std::vector<Pair> form_;
  std::string default_headers_;
  std::optional<CompiledChecks> checks_;  // always set once made
  Retry retry_;
  Nanos timeout_{0};
  int redirects_max_ = 0;
  bool expect_continue_ = false;
  bool idempotent_ = false;
  bool absolute_form_ = false;       // through an http proxy
  std::string proxy_authorization_;  // header line for it; "" when it wants none
  std::optional<RenderedRequest> constant_;
};

}  // namespace squall
