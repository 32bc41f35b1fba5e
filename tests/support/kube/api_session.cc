#include "tests/support/kube/api_session.h"

#include <charconv>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/admin.h"
#include "tests/support/kube/watch_stream.h"

namespace squall {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using Kind = ApiFault::Kind;
using Point = ApiFault::Point;

constexpr uint64_t kHttpBodyBytesMax = uint64_t{16} << 20;
constexpr Nanos kForEver = std::chrono::hours(24);
constexpr Nanos kWatchTimeout = std::chrono::minutes(30);

ApiRequest ReadRequest(http::request<http::string_body>&& message) {
  const auto field = [&message](http::field name) { return std::string(message[name]); };
  ApiRequest request =
      MakeRequest(std::string(message.method_string()), std::string(message.target()),
                  std::move(message.body()), field(http::field::content_type));
  request.accept = field(http::field::accept);
  request.user_agent = field(http::field::user_agent);
  request.authorization = field(http::field::authorization);
  return request;
}

std::string BodyOf(const ApiAnswer& answer) {
  return answer.text.empty() ? json::serialize(answer.body) + "\n" : answer.text;
}

std::string HeadOf(const ApiAnswer& answer, size_t size) {
  const bool page = answer.text.starts_with("<");
  const auto reason = http::obsolete_reason(http::int_to_status(answer.code));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                                 answer.code, std::string_view(reason.data(), reason.size()),
                                 page                  ? "text/html"
                                 : answer.text.empty() ? "application/json"
                                                       : "text/plain; charset=utf-8",
                                 size);
  for (const auto& [name, value] : answer.headers) {
    head += fmt::format("{}: {}\r\n", name, value);
  }
  return head + "\r\n";
}

ApiAnswer FaultAnswer(const ApiRoute* route, const ApiFault& fault) {
  if (fault.kind == Kind::kHtml) {
    ApiAnswer answer;
    answer.code = fault.code;
    answer.text = fmt::format("<html><body><h1>{} from a proxy</h1></body></html>\n", fault.code);
    return answer;
  }
  ApiError error = ErrorOfCode(fault.code);
  if (route != nullptr && fault.code == 403) {
    error = QuotaError(route->type->ForErrors(), route->name);
  } else if (route != nullptr && fault.code == 409) {
    error = StaleObjectError(route->type->ForErrors(), route->name);
  } else if (fault.code == 504) {
    error = TooLargeVersionError("999999", "100");
  }
  if (fault.retry_after_seconds) {
    error.retry_after_seconds = fault.retry_after_seconds;
  }
  return AnswerWith(error);
}

std::string ResourceName(const ApiRoute& route) {
  return route.subresource.empty() ? route.type->plural
                                   : route.type->plural + "/" + route.subresource;
}

Nanos TimeoutOf(const ApiRequest& request) {
  const std::string text = request.Query("timeoutSeconds");
  int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds > 0 ? std::chrono::seconds(seconds) : kWatchTimeout;
}

}  // namespace

void ApiSession::Run() {
  if (!link_->Handshake()) {
    return;
  }
  boost::beast::flat_buffer buffer;
  bool open = true;
  while (open && !link_->cut()) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kHttpBodyBytesMax);
    boost::system::error_code error;
    http::read(*link_, buffer, parser, error);
    if (error) {
      return;
    }
    const bool keep_alive = parser.get().keep_alive();
    open = Answer(ReadRequest(parser.release())) && keep_alive;
  }
}

bool ApiSession::Answer(const ApiRequest& request) {
  if (const std::optional<ApiAnswer> answer = Administer(request, backend_)) {
    return Send(request, *answer);
  }
  const std::optional<ApiRoute> route = backend_->cluster->Route(request.path);
  const std::string verb = route ? VerbOf(request, *route) : "get";
  const std::string resource = route ? ResourceName(*route) : "";
  if (!backend_->Admits(request.authorization)) {
    backend_->counts->Add(verb, resource, 401);
    return Send(request, AnswerWith(ErrorOfCode(401)));
  }
  const std::optional<ApiFault> fault = backend_->faults->Take(verb, request.target);
  if (fault && fault->kind == Kind::kDelay && !link_->Idle(fault->delay)) {
    return false;
  }
  const bool early = fault && (fault->kind == Kind::kError || fault->kind == Kind::kHtml ||
                               ((fault->kind == Kind::kReset || fault->kind == Kind::kStall) &&
                                (verb != "watch" || fault->point == Point::kRequest)));
  if (early) {
    const bool answers = fault->kind == Kind::kError || fault->kind == Kind::kHtml;
    backend_->counts->Add(verb, resource, answers ? fault->code : 0);
    return AnswerFaulty(request, *fault);
  }
  if (verb == "watch") {
    return AnswerWatch(*route, request, fault);
  }
  const ApiAnswer answer = backend_->cluster->Call(request);
  backend_->counts->Add(verb, resource, answer.code);
  return Send(request, answer);
}

bool ApiSession::AnswerWatch(const ApiRoute& route, const ApiRequest& request,
                             std::optional<ApiFault> fault) {
  WatchCursor cursor;
  std::vector<json::object> events;
  const ApiRefusal refusal = backend_->cluster->OpenWatch(route, request, &cursor, &events);
  backend_->counts->Add("watch", ResourceName(route), refusal ? refusal->code : 200);
  if (refusal) {
    return Send(request, AnswerWith(*refusal));
  }
  ++backend_->open_watches;
  const bool reusable = WatchStream(link_, backend_, std::move(fault))
                            .Run(std::move(cursor), std::move(events), TimeoutOf(request));
  --backend_->open_watches;
  return reusable;
}

bool ApiSession::AnswerFaulty(const ApiRequest& request, const ApiFault& fault) {
  const std::optional<ApiRoute> route = backend_->cluster->Route(request.path);
  const bool commits = fault.after_commit || fault.point != Point::kRequest;
  const ApiAnswer answer = commits ? backend_->cluster->Call(request) : ApiAnswer();
  if (fault.kind == Kind::kError || fault.kind == Kind::kHtml) {
    return Send(request, FaultAnswer(route ? &*route : nullptr, fault));
  }
  if (fault.point != Point::kRequest) {
    SendPart(request, answer, fault);
  }
  if (fault.kind == Kind::kStall) {
    link_->Idle(kForEver);
  } else {
    link_->Reset();
  }
  return false;
}

bool ApiSession::Send(const ApiRequest& request, const ApiAnswer& answer) {
  const std::string body = BodyOf(answer);
  return link_->Write(HeadOf(answer, body.size()) + (request.method == "HEAD" ? "" : body));
}

bool ApiSession::SendPart(const ApiRequest&, const ApiAnswer& answer, const ApiFault& fault) {
  const std::string body = BodyOf(answer);
  const size_t sent = fault.point == Point::kBody ? body.size() / 2 : 0;
  return link_->Write(HeadOf(answer, body.size()) + body.substr(0, sent));
}

}  // namespace squall
