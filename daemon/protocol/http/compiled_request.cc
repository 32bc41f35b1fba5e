#include "daemon/protocol/http/compiled_request.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/base64.h"
#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr std::string_view kUserAgent = "squall/0.1";

// A CR or LF in a header would let data write requests of its own.
absl::Status CheckHeaderText(std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return absl::InvalidArgumentError(
        fmt::format("header {} must not hold line breaks", name.substr(0, 64)));
  }
  return absl::OkStatus();
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompiledHttpRequest>> CompiledHttpRequest::Make(
    const RequestStep& step, const Plan& plan, const UserClass& user_class, size_t number) {
  auto request = std::unique_ptr<CompiledHttpRequest>(new CompiledHttpRequest());
  const Service& service = plan.service;
  request->number_ = number;
  request->method_ = step.method;
  request->retry_ = step.retry;
  request->timeout_ = step.timeout.value_or(service.timeout);
  request->redirects_max_ = step.redirects_max.value_or(service.redirects_max);
  request->expect_continue_ = step.expect_continue;
  request->idempotent_ = step.method != "POST" && step.method != "PATCH";
  SQUALL_ASSIGN_OR_RETURN(request->name_,
                          Template::Compile(step.name.empty() ? step.path : step.name));
  if (step.name.empty() && !request->name_.IsConstant()) {
    // One name for all values of a templated path, or the table would have a row for each.
    SQUALL_ASSIGN_OR_RETURN(request->name_, Template::Compile(""));
    request->literal_name_ = step.path;
  }
  const std::string& base = user_class.host.empty() ? service.base_url : user_class.host;
  SQUALL_RETURN_IF_ERROR(request->CompileTarget(step, base));
  SQUALL_RETURN_IF_ERROR(request->CompileProxy(service));
  SQUALL_RETURN_IF_ERROR(request->CompileBody(step));
  SQUALL_RETURN_IF_ERROR(request->CompileHeaders(step, service));
  SQUALL_ASSIGN_OR_RETURN(request->checks_, CompiledChecks::Make(step.checks, step.extract));
  if (request->IsConstant()) {
    RenderedRequest rendered;
    SQUALL_RETURN_IF_ERROR(request->RenderWith(nullptr, &rendered));
    request->constant_ = std::move(rendered);
  }
  return request;
}

absl::Status CompiledHttpRequest::CompileTarget(const RequestStep& step,
                                                const std::string& base_url) {
  SQUALL_ASSIGN_OR_RETURN(path_, Template::Compile(step.path));
  for (const FormField& field : step.query) {
    SQUALL_ASSIGN_OR_RETURN(Template value, Template::Compile(field.value));
    query_.push_back({field.name, std::move(value)});
  }
  SQUALL_ASSIGN_OR_RETURN(Url url, ParseUrl(base_url));
  origin_ = url.origin;
  leaves_origin_ = IsAbsoluteUrl(step.path) || step.path.starts_with("{{");
  prefix_ = url.target.substr(0, url.target.find('?'));
  while (prefix_.ends_with('/')) {
    prefix_.pop_back();
  }
  if (!url.userinfo.empty()) {
    const size_t colon = url.userinfo.find(':');
    url_credentials_ = {url.userinfo.substr(0, colon),
                        colon == std::string::npos ? "" : url.userinfo.substr(colon + 1)};
  }
  return absl::OkStatus();
}

absl::Status CompiledHttpRequest::CompileProxy(const Service& service) {
  absolute_form_ = !service.proxy.empty();
  if (absolute_form_) {
    SQUALL_ASSIGN_OR_RETURN(Url proxy, ParseUrl(service.proxy));
    if (!proxy.userinfo.empty()) {
      AppendHeader("Proxy-Authorization", "Basic " + EncodeBase64(proxy.userinfo),
                   &proxy_authorization_);
    }
  }
  return absl::OkStatus();
}

absl::Status CompiledHttpRequest::CompileBody(const RequestStep& step) {
  if (!step.json.empty()) {
    body_kind_ = BodyKind::kJson;
    SQUALL_ASSIGN_OR_RETURN(body_, Template::Compile(step.json));
  } else if (!step.form.empty()) {
    body_kind_ = BodyKind::kForm;
    for (const FormField& field : step.form) {
      SQUALL_ASSIGN_OR_RETURN(Template value, Template::Compile(field.value));
      form_.push_back({field.name, std::move(value)});
    }
  } else if (!step.body.empty()) {
    body_kind_ = BodyKind::kText;
    SQUALL_ASSIGN_OR_RETURN(body_, Template::Compile(step.body));
  }
  return absl::OkStatus();
}

absl::Status CompiledHttpRequest::CompileHeaders(const RequestStep& step, const Service& service) {
  for (const HeaderList* list : {&step.headers, &service.headers}) {
    for (const auto& [name, text] : *list) {
      if (HasHeader(name)) {
        continue;  // the step's own wins
      }
      SQUALL_RETURN_IF_ERROR(CheckHeaderText(name, name));
      SQUALL_ASSIGN_OR_RETURN(Template value, Template::Compile(text));
      headers_.push_back({name, std::move(value)});
    }
  }
  if (!HasHeader("Authorization")) {
    if (!service.bearer_token.empty()) {
      SQUALL_ASSIGN_OR_RETURN(Template token, Template::Compile(service.bearer_token));
      bearer_ = std::move(token);
    } else if (service.basic_auth.has_value() || url_credentials_.has_value()) {
      const auto& [user, password] =
          service.basic_auth.has_value()
              ? std::pair(service.basic_auth->username, service.basic_auth->password)
              : *url_credentials_;
      SQUALL_ASSIGN_OR_RETURN(Template user_template, Template::Compile(user));
      SQUALL_ASSIGN_OR_RETURN(Template password_template, Template::Compile(password));
      basic_auth_ = {std::move(user_template), std::move(password_template)};
    }
  }
  const std::array<std::pair<std::string_view, std::string_view>, 5> defaults = {{
      {"User-Agent", kUserAgent},
      {"Accept", "*/*"},
      {"Accept-Encoding", service.accept_gzip ? "gzip, deflate" : ""},
      {"Connection", service.keep_alive ? "" : "close"},
      {"Content-Type", body_kind_ == BodyKind::kJson   ? "application/json"
                       : body_kind_ == BodyKind::kForm ? "application/x-www-form-urlencoded"
                                                       : ""},
  }};
  for (const auto& [name, value] : defaults) {
    if (!value.empty() && !HasHeader(name)) {
      AppendHeader(name, value, &default_headers_);
    }
  }
  if (expect_continue_ && body_kind_ != BodyKind::kNone) {
    AppendHeader("Expect", "100-continue", &default_headers_);
  }
  return absl::OkStatus();
}

const Origin* CompiledHttpRequest::known_origin() const {
  if (constant_.has_value()) {
    return &constant_->origin;
  }
  return leaves_origin_ ? nullptr : &origin_;
}

bool CompiledHttpRequest::HasHeader(std::string_view name) const {
  return std::any_of(headers_.begin(), headers_.end(),
                     [name](const Pair& pair) { return EqualsIgnoringCase(pair.name, name); });
}

bool CompiledHttpRequest::IsConstant() const {
  const auto constant = [](const Pair& pair) { return pair.value.IsConstant(); };
  return path_.IsConstant() && body_.IsConstant() &&
         std::all_of(query_.begin(), query_.end(), constant) &&
         std::all_of(headers_.begin(), headers_.end(), constant) &&
         std::all_of(form_.begin(), form_.end(), constant) &&
         (!bearer_.has_value() || bearer_->IsConstant()) &&
         (!basic_auth_.has_value() ||
          (basic_auth_->first.IsConstant() && basic_auth_->second.IsConstant()));
}

bool CompiledHttpRequest::RetriesStatus(int status) const {
  if (retry_.on_status.empty()) {
    return status >= 500;
  }
  return std::find(retry_.on_status.begin(), retry_.on_status.end(), status) !=
         retry_.on_status.end();
}

// Renders `text`; a constant needs no scope.
absl::Status CompiledHttpRequest::Append(const Template& text, const TemplateScope* scope,
                                         std::string* out) {
  if (text.IsConstant()) {
    out->append(text.constant());
    return absl::OkStatus();
  }
  return text.Render(*scope, out);
}

absl::Status CompiledHttpRequest::RenderWith(const TemplateScope* scope,
                                             RenderedRequest* out) const {
  out->method = method_;
  out->head.clear();
  out->body.clear();
  SQUALL_RETURN_IF_ERROR(RenderTarget(scope, out));
  SQUALL_RETURN_IF_ERROR(RenderBody(scope, &out->body));
  return RenderHead(scope, out);
}

absl::Status CompiledHttpRequest::RenderTarget(const TemplateScope* scope,
                                               RenderedRequest* out) const {
  out->origin = origin_;
  out->target.clear();
  std::string& target = out->target;
  SQUALL_RETURN_IF_ERROR(Append(path_, scope, &target));
  if (IsAbsoluteUrl(target)) {
    SQUALL_ASSIGN_OR_RETURN(Url url, ParseUrl(target));
    out->origin = std::move(url.origin);
    target = url.target.starts_with('/') ? std::move(url.target) : "/" + url.target;
  } else {
    if (!target.starts_with('/')) {
      target.insert(target.begin(), '/');
    }
    if (!prefix_.empty()) {
      target.insert(0, prefix_);
    }
  }
  char separator = target.find('?') == std::string::npos ? '?' : '&';
  for (const Pair& pair : query_) {
    std::string value;
    SQUALL_RETURN_IF_ERROR(Append(pair.value, scope, &value));
    target.push_back(separator);
    AppendPercentEncoded(pair.name, &target);
    target.push_back('=');
    AppendPercentEncoded(value, &target);
    separator = '&';
  }
  EscapeTarget(&target);
  return absl::OkStatus();
}

// Spaces and controls cannot stand in a request line; data that holds them is percent-encoded.
void CompiledHttpRequest::EscapeTarget(std::string* target) {
  const auto bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
  if (std::none_of(target->begin(), target->end(), bad)) {
    return;
  }
  std::string escaped;
  for (const char c : *target) {
    if (bad(c)) {
      AppendPercentEncoded(std::string_view(&c, 1), &escaped);
    } else {
      escaped.push_back(c);
    }
  }
  *target = std::move(escaped);
}

absl::Status CompiledHttpRequest::RenderBody(const TemplateScope* scope, std::string* out) const {
  switch (body_kind_) {
    case BodyKind::kNone:
      return absl::OkStatus();
    case BodyKind::kText:
      return Append(body_, scope, out);
    case BodyKind::kJson:
      if (body_.IsConstant()) {
        return Append(body_, scope, out);
      }
      return body_.RenderJson(*scope, out);
    case BodyKind::kForm:
      for (const Pair& pair : form_) {
        std::string value;
        SQUALL_RETURN_IF_ERROR(Append(pair.value, scope, &value));
        out->append(out->empty() ? "" : "&");
        AppendPercentEncoded(pair.name, out);
        out->push_back('=');
        AppendPercentEncoded(value, out);
      }
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status CompiledHttpRequest::RenderHead(const TemplateScope* scope,
                                             RenderedRequest* out) const {
  std::string& head = out->head;
  StartHead(out->origin, out->method, out->target, &head);
  head.append(default_headers_);
  std::string value;
  for (const Pair& pair : headers_) {
    value.clear();
    SQUALL_RETURN_IF_ERROR(Append(pair.value, scope, &value));
    SQUALL_RETURN_IF_ERROR(CheckHeaderText(pair.name, value));
    AppendHeader(pair.name, value, &head);
  }
  // Credentials stay with the host they were given for.
  if (out->origin == origin_) {
    SQUALL_RETURN_IF_ERROR(AppendAuthorization(scope, &head));
  }
  if (body_kind_ != BodyKind::kNone || method_ == "POST" || method_ == "PUT" ||
      method_ == "PATCH") {
    AppendHeader("Content-Length", std::to_string(out->body.size()), &head);
  }
  return absl::OkStatus();
}

void CompiledHttpRequest::StartHead(const Origin& origin, std::string_view method,
                                    std::string_view target, std::string* head) const {
  head->append(method).append(" ");
  if (absolute_form_ && !origin.tls) {
    head->append("http://").append(origin.HostHeader());
  }
  head->append(target).append(" HTTP/1.1\r\n");
  if (!HasHeader("Host")) {
    AppendHeader("Host", origin.HostHeader(), head);
  }
  if (absolute_form_ && !origin.tls) {
    head->append(proxy_authorization_);  // a tunnel sends it with its CONNECT
  }
}

absl::Status CompiledHttpRequest::AppendAuthorization(const TemplateScope* scope,
                                                      std::string* head) const {
  std::string value;
  if (bearer_.has_value()) {
    value = "Bearer ";
    SQUALL_RETURN_IF_ERROR(Append(*bearer_, scope, &value));
  } else if (basic_auth_.has_value()) {
    std::string pair;
    SQUALL_RETURN_IF_ERROR(Append(basic_auth_->first, scope, &pair));
    pair.push_back(':');
    SQUALL_RETURN_IF_ERROR(Append(basic_auth_->second, scope, &pair));
    value = "Basic " + EncodeBase64(pair);
  } else {
    return absl::OkStatus();
  }
  SQUALL_RETURN_IF_ERROR(CheckHeaderText("Authorization", value));
  AppendHeader("Authorization", value, head);
  return absl::OkStatus();
}

RenderedRequest CompiledHttpRequest::Follow(const RenderedRequest& before, int status,
                                            const Url& to) const {
  RenderedRequest next;
  next.origin = to.origin;
  next.target = to.target;
  const bool to_get = (status == 303 && before.method != "HEAD") ||
                      ((status == 301 || status == 302) && before.method == "POST");
  next.method = to_get ? "GET" : before.method;
  StartHead(next.origin, next.method, next.target, &next.head);
  const bool other_host = !(next.origin == before.origin);
  if (other_host && HasHeader("Host")) {
    AppendHeader("Host", next.origin.HostHeader(), &next.head);  // the one set by hand stays behind
  }
  // The other headers go along, but credentials not to another host, nor a body that is gone.
  size_t at = before.head.find("\r\n") + 2;
  while (at < before.head.size()) {
    const size_t end = before.head.find("\r\n", at) + 2;
    const std::string_view line = std::string_view(before.head).substr(at, end - at);
    const std::string_view name = line.substr(0, line.find(':'));
    const bool of_body = EqualsIgnoringCase(name, "Content-Length") ||
                         EqualsIgnoringCase(name, "Content-Type") ||
                         EqualsIgnoringCase(name, "Expect");
    const bool secret =
        EqualsIgnoringCase(name, "Authorization") || EqualsIgnoringCase(name, "Cookie");
    const bool rebuilt = (EqualsIgnoringCase(name, "Host") && (other_host || !HasHeader("Host"))) ||
                         (absolute_form_ && EqualsIgnoringCase(name, "Proxy-Authorization"));
    const bool dropped = rebuilt || (to_get && of_body) || (secret && other_host);
    if (!dropped) {
      next.head.append(line);
    }
    at = end;
  }
  if (!to_get) {
    next.body = before.body;
  }
  return next;
}

}  // namespace squall
