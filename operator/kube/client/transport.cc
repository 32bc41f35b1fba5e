#include "operator/kube/client/transport.h"

#include <optional>
#include <utility>

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/api/kube_error.h"
#include "operator/kube/client/server_url.h"

namespace squall {
namespace {

namespace http = boost::beast::http;

constexpr size_t kWarningsMax = 1000;

// `Warning: 299 - "the text"`, maybe with a date behind it.
std::string WarningText(std::string_view header) {
  const size_t begin = header.find('"');
  std::string text;
  for (size_t i = begin == std::string_view::npos ? header.size() : begin + 1; i < header.size();
       ++i) {
    if (header[i] == '"') {
      break;
    }
    if (header[i] == '\\' && i + 1 < header.size()) {
      ++i;
    }
    text += header[i];
  }
  return text;
}

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

absl::Status WithContext(const absl::Status& status, std::string_view what) {
  return absl::Status(status.code(), fmt::format("{}: {}", what, std::string(status.message())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> Transport::Make(const KubeConfig& config,
                                                           KubeClientOptions options,
                                                           const Clock* clock) {
  KubeRoute route;
  SQUALL_ASSIGN_OR_RETURN(route.server, ParseServerUrl("server", config.server));
  route.tls_server_name = config.tls_server_name;
  if (!config.proxy_url.empty()) {
    SQUALL_ASSIGN_OR_RETURN(route.proxy, ParseServerUrl("proxy-url", config.proxy_url));
    if (route.proxy->tls) {
      return absl::InvalidArgumentError("proxy-url must begin with http://, got https");
    }
  }
  const bool tls = route.server.tls;
  std::unique_ptr<Transport> transport(
      new Transport(config, std::move(options), std::move(route), clock));  // private constructor
  if (tls) {
    // Reads the files, so that what is wrong with them is said at the start.
    SQUALL_RETURN_IF_ERROR(transport->tls_.Get("", "").status());
  }
  transport->credentials_ =
      std::make_unique<KubeCredentials>(config, transport->tls_.CaPem(), clock);
  return transport;
}

Transport::Transport(const KubeConfig& config, KubeClientOptions options, KubeRoute route,
                     const Clock* clock)
    : route_(std::move(route)),
      impersonate_(config.impersonate),
      options_(std::move(options)),
      clock_(clock),
      tls_(config.ca, config.client_certificate, config.client_key, config.insecure_skip_tls_verify,
           clock),
      pool_(clock) {}

absl::StatusOr<std::string> Transport::Call(const ApiCall& call) {
  RetryPolicy policy(call.method == "GET", call.repeatable, options_.retry_wait_max);
  bool renewed = false;
  while (true) {
    Attempt attempt = TryCall(call);
    Report(attempt);
    if (attempt.status.ok()) {
      return std::move(attempt.body);
    }
    std::optional<Nanos> wait = policy.Next(attempt.end);
    if (attempt.end.http_code == 401 && !renewed &&
        credentials_->Refused(attempt.credentials_generation)) {
      renewed = true;
      wait = Nanos{};
    }
    if (stop_.stopped()) {
      return absl::CancelledError(fmt::format("{}: stopped", call.what));
    }
    if (!wait) {
      return attempt.status;
    }
    if (attempt.end.cut) {
      pool_.Clear();
    }
    if (options_.metrics != nullptr) {
      options_.metrics->OnRetry(attempt.seen);
    }
    if (*wait > Nanos{} && Pause(*wait)) {
      return stop_.stopped() ? absl::CancelledError(fmt::format("{}: stopped", call.what))
                             : attempt.status;
    }
  }
}

absl::Status Transport::Stream(const ApiCall& call, Nanos patience,
                               const std::function<absl::Status(std::string_view)>& on_data,
                               StopSignal* stop) {
  Attempt attempt = TryStream(call, patience, on_data, stop);
  if (attempt.end.http_code == 401 && credentials_->Refused(attempt.credentials_generation)) {
    attempt = TryStream(call, patience, on_data, stop);
  }
  return attempt.status;
}

absl::StatusOr<Transport::Identity> Transport::Identify() {
  Identity identity;
  SQUALL_ASSIGN_OR_RETURN(identity.credentials, credentials_->Get());
  if (route_.server.tls) {
    SQUALL_ASSIGN_OR_RETURN(identity.tls, tls_.Get(identity.credentials.client_certificate_pem,
                                                   identity.credentials.client_key_pem));
  }
  return identity;
}

Transport::Attempt Transport::TryCall(const ApiCall& call) {
  Attempt attempt;
  const absl::StatusOr<Identity> identity = Identify();
  if (!identity.ok()) {
    attempt.status = WithContext(identity.status(), call.what);
    return attempt;
  }
  std::unique_ptr<KubeConnection> connection = pool_.Take(identity->tls.generation);
  const bool fresh = connection == nullptr;
  if (fresh) {
    connection = std::make_unique<KubeConnection>(&route_, identity->tls);
  }
  {
    const StopSignal::Watcher watcher(&stop_, [&connection] { connection->Interrupt(); });
    const TimePoint begin = clock_->Now();
    if (Ask(call, *identity, connection.get(), fresh, &attempt)) {
      TakeAnswer(call, connection.get(), &attempt);
    }
    attempt.seen.duration = clock_->Now() - begin;
  }
  pool_.GiveBack(std::move(connection));
  return attempt;
}

Transport::Attempt Transport::TryStream(
    const ApiCall& call, Nanos patience,
    const std::function<absl::Status(std::string_view)>& on_data, StopSignal* stop) {
  Attempt attempt;
  const absl::StatusOr<Identity> identity = Identify();
  if (!identity.ok()) {
    attempt.status = WithContext(identity.status(), call.what);
    return attempt;
  }
  KubeConnection connection(&route_, identity->tls);
  const StopSignal::Watcher ours(&stop_, [&connection] { connection.Interrupt(); });
  const StopSignal::Watcher theirs(stop, [&connection] { connection.Interrupt(); });
  const TimePoint begin = clock_->Now();
  const bool asked = Ask(call, *identity, &connection, /*fresh=*/true, &attempt);
  attempt.seen.duration = clock_->Now() - begin;
  if (!asked) {
    Report(attempt);
    return attempt;
  }
  if (connection.head().result_int() / 100 != 2) {
    TakeAnswer(call, &connection, &attempt);
    Report(attempt);
    return attempt;
  }
  Report(attempt);
  std::string data;
  bool ended = false;
  while (!ended && attempt.status.ok()) {
    const HttpOutcome outcome = connection.ReadSome(patience, &data, &ended);
    if (!data.empty()) {
      attempt.status = on_data(data);
    }
    if (attempt.status.ok() && !outcome.status.ok()) {
      Fail(call, outcome, connection, &attempt);
    }
  }
  return attempt;
}

bool Transport::Ask(const ApiCall& call, const Identity& identity, KubeConnection* connection,
                    bool fresh, Attempt* attempt) {
  attempt->credentials_generation = identity.credentials.generation;
  attempt->end.reused = !fresh;
  attempt->seen.code = "<error>";
  attempt->seen.method = call.method;
  attempt->seen.host = route_.server.HostPort();
  attempt->seen.request_bytes = static_cast<int64_t>(call.body.size());
  HttpOutcome outcome;
  if (fresh) {
    outcome = connection->Open(options_.connect_timeout);
    if (outcome.tls_failed) {
      tls_.ReadAgainSoon();  // the cluster's CA may have changed
    }
    if (!outcome.status.ok()) {
      outcome.cut = false;  // nothing was asked
    }
  }
  if (outcome.status.ok()) {
    outcome = connection->Begin(MakeRequest(call, identity.credentials), options_.request_timeout,
                                options_.response_bytes_max);
  }
  if (!outcome.status.ok()) {
    Fail(call, outcome, *connection, attempt);
    return false;
  }
  attempt->end.http_code = static_cast<int>(connection->head().result_int());
  attempt->seen.code = std::to_string(attempt->end.http_code);
  NoteWarnings(connection->head());
  return true;
}

void Transport::TakeAnswer(const ApiCall& call, KubeConnection* connection, Attempt* attempt) {
  const std::string retry_after(View(connection->head()[http::field::retry_after]));
  if (const HttpOutcome outcome = connection->ReadBody(&attempt->body); !outcome.status.ok()) {
    attempt->end.http_code = 0;
    Fail(call, outcome, *connection, attempt);
    return;
  }
  attempt->seen.response_bytes = static_cast<int64_t>(attempt->body.size());
  const int code = attempt->end.http_code;
  if (code / 100 != 2) {
    const KubeError error = ReadKubeError(code, attempt->body, retry_after);
    attempt->end.retry_after = error.retry_after;
    attempt->status = ToStatus(error, call.what);
  }
}

void Transport::Fail(const ApiCall& call, const HttpOutcome& outcome,
                     const KubeConnection& connection, Attempt* attempt) const {
  attempt->status = WithContext(outcome.status, call.what);
  attempt->end.cut = outcome.cut;
  attempt->end.answer_begun = connection.answer_begun();
}

void Transport::Report(const Attempt& attempt) const {
  if (options_.metrics != nullptr && !attempt.seen.method.empty()) {
    options_.metrics->OnCall(attempt.seen);
  }
}

KubeRequest Transport::MakeRequest(const ApiCall& call,
                                   const KubeCredentials::Current& credentials) const {
  KubeRequest request(http::string_to_verb(call.method), route_.server.base_path + call.target, 11);
  request.set(http::field::host, route_.server.HostPort());
  request.set(http::field::user_agent, options_.user_agent);
  request.set(http::field::accept, "application/json");
  if (!credentials.authorization.empty()) {
    request.set(http::field::authorization, credentials.authorization);
  }
  if (!impersonate_.user.empty()) {
    request.set("Impersonate-User", impersonate_.user);
  }
  if (!impersonate_.uid.empty()) {
    request.set("Impersonate-Uid", impersonate_.uid);
  }
  for (const std::string& group : impersonate_.groups) {
    request.insert("Impersonate-Group", group);
  }
  for (const auto& [key, values] : impersonate_.extra) {
    for (const std::string& value : values) {
      request.insert("Impersonate-Extra-" + PercentEncode(key), value);
    }
  }
  if (!call.content_type.empty()) {
    request.set(http::field::content_type, call.content_type);
    request.body() = call.body;
  }
  request.prepare_payload();
  return request;
}

bool Transport::Pause(Nanos span) {
  return options_.pause ? options_.pause(span) : stop_.WaitFor(span);
}

void Transport::NoteWarnings(const HttpHead& head) {
  if (!options_.on_warning) {
    return;
  }
  const auto [begin, end] = head.equal_range(http::field::warning);
  for (auto header = begin; header != end; ++header) {
    const std::string text = WarningText(View(header->value()));
    bool is_new = false;
    {
      const std::lock_guard lock(warnings_mutex_);
      is_new = !text.empty() && warnings_.size() < kWarningsMax && warnings_.insert(text).second;
    }
    if (is_new) {
      options_.on_warning(text);
    }
  }
}

}  // namespace squall
