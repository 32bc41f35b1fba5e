#include "daemon/target/router.h"

#include <array>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/units.h"
#include "daemon/target/fixtures.h"

namespace squall {
namespace {

constexpr unsigned Bit(TargetMethod method) { return 1U << static_cast<unsigned>(method); }
constexpr unsigned kGet = Bit(TargetMethod::kGet) | Bit(TargetMethod::kHead);
constexpr unsigned kPost = Bit(TargetMethod::kPost);
constexpr unsigned kPut = Bit(TargetMethod::kPut);
constexpr unsigned kAny = ~0U;

constexpr int64_t kQuantityMax = 1'000'000;
constexpr Nanos kStallMax = std::chrono::minutes(10);

// A JSON object body, or the response that says why it is none.
struct Fields {
  boost::json::object object;
  std::optional<TargetResponse> error;

  explicit Fields(std::string_view body) {
    boost::json::error_code problem;
    boost::json::value value =
        boost::json::parse(boost::json::string_view(body.data(), body.size()), problem);
    if (problem) {
      error = ErrorResponse(400, fmt::format("the body must be JSON: {}", problem.message()));
    } else if (!value.is_object()) {
      error = ErrorResponse(400, "the body must be a JSON object");
    } else {
      object = std::move(value.as_object());
    }
  }

  std::string Name() {
    const boost::json::value* name = object.if_contains("name");
    if (name == nullptr || !name->is_string() || name->as_string().empty()) {
      Complain("name must be a text that is not empty", name);
      return "";
    }
    return std::string(name->as_string());
  }

  int64_t WholeNumber(std::string_view key, int64_t min, int64_t max) {
    const boost::json::value* number =
        object.if_contains(boost::json::string_view(key.data(), key.size()));
    boost::json::error_code problem;
    const int64_t value =
        number == nullptr || !number->is_number() ? 0 : number->to_number<int64_t>(problem);
    if (number == nullptr || !number->is_number() || problem || value < min || value > max) {
      Complain(fmt::format("{} must be a whole number from {} to {}", key, min, max), number);
    }
    return value;
  }

 private:
  void Complain(std::string_view must, const boost::json::value* found) {
    if (!error.has_value()) {
      const std::string got = found == nullptr ? "nothing" : boost::json::serialize(*found);
      error = ErrorResponse(400, fmt::format("{}, got {}", must, got.substr(0, 80)));
    }
  }
};

TargetResponse UnknownProduct(std::string_view name) {
  return ErrorResponse(404, fmt::format("there is no product '{}'", name.substr(0, 80)));
}

TargetResponse WrongMethod(unsigned allowed) {
  std::string names;
  for (size_t i = 0; i < kTargetMethodCount; ++i) {
    const auto method = static_cast<TargetMethod>(i);
    if ((allowed & Bit(method)) != 0) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", TargetMethodName(method));
    }
  }
  TargetResponse response = ErrorResponse(405, fmt::format("the method must be {}", names));
  response.headers.emplace_back("Allow", std::move(names));
  return response;
}

}  // namespace

struct TargetRouter::Route {
  std::string_view pattern;  // a path, or one that ends in a {parameter}
  unsigned methods;
  TargetResponse (TargetRouter::*handler)(const TargetCall& call) const = nullptr;
  TargetResponse (*fixture)(const TargetCall& call) = nullptr;
  bool control = false;

  // The text of the {parameter}, "" for a pattern without one, nothing when the path differs.
  std::optional<std::string_view> Match(std::string_view path) const {
    if (pattern.back() != '}') {
      return path == pattern ? std::optional<std::string_view>("") : std::nullopt;
    }
    const std::string_view prefix = pattern.substr(0, pattern.find('{'));
    if (path.size() <= prefix.size() || path.substr(0, prefix.size()) != prefix ||
        path.find('/', prefix.size()) != std::string_view::npos) {
      return std::nullopt;
    }
    return path.substr(prefix.size());
  }
};

std::span<const TargetRouter::Route> TargetRouter::Routes() {
  using R = TargetRouter;
  // "/products/{id}" comes last of its family: it would match the others too.
  static constexpr auto kRoutes = std::to_array<Route>({
      {"/products", kGet, &R::ListProducts},
      {"/products/details", kPost, &R::ProductDetails},
      {"/products/buy", kPost, &R::BuyProduct},
      {"/products/stock", kPost | kPut, &R::UpdateStock},
      {"/products/{id}", kGet, &R::GetProduct},
      {"/healthz", kGet, &R::Health, nullptr, true},
      {"/stats", kGet, &R::Stats, nullptr, true},
      {"/stats/reset", kPost, &R::ResetStats, nullptr, true},
      {"/traceparents", kGet, &R::Traceparents, nullptr, true},
      {"/admin/stall", kPost, &R::Stall, nullptr, true},
      {"/bytes/{n}", kGet, nullptr, &BytesFixture},
      {"/status/{code}", kAny, nullptr, &StatusFixture},
      {"/delay/{ms}", kAny, nullptr, &DelayFixture},
      {"/redirect/{n}", kAny, nullptr, &RedirectFixture},
      {"/cookie/set", kGet, nullptr, &CookieSetFixture},
      {"/cookie/check", kGet, nullptr, &CookieCheckFixture},
      {"/gzip", kGet, nullptr, &GzipFixture},
      {"/chunked", kGet, nullptr, &ChunkedFixture},
      {"/close", kGet, nullptr, &CloseFixture},
      {"/echo", kPost | kPut | Bit(TargetMethod::kPatch), nullptr, &EchoFixture},
      {"/basic-auth", kGet, nullptr, &BasicAuthFixture},
      {"/bearer", kGet, nullptr, &BearerFixture},
      {"/truncate", kGet, nullptr, &TruncateFixture},
      {"/drop", kGet, nullptr, &DropFixture},
  });
  return kRoutes;
}

TargetRouter::TargetRouter(TargetRouterOptions options, ProductStore* store,
                           TargetCounters* counters, StallSwitch* stall)
    : options_(options),
      store_(store),
      counters_(counters),
      stall_(stall),
      product_json_(store->catalogue()) {}

std::vector<std::string> TargetRouter::RouteLabels() {
  std::vector<std::string> labels;
  for (const Route& route : Routes()) {
    labels.emplace_back(route.pattern);
  }
  labels.emplace_back("(unknown)");
  return labels;
}

RouteMatch TargetRouter::Match(std::string_view method, std::string_view target) const {
  RouteMatch match;
  match.method = ParseTargetMethod(method);
  const size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) {
    match.query = target.substr(question + 1);
  }
  for (const Route& route : Routes()) {
    if (const auto parameter = route.Match(path); parameter.has_value()) {
      match.parameter = *parameter;
      match.control = route.control;
      return match;
    }
    ++match.route;
  }
  return match;
}

TargetResponse TargetRouter::Handle(const TargetRequest& request, const RouteMatch& match) const {
  if (match.route >= Routes().size()) {
    return ErrorResponse(404, "there is nothing at this path");
  }
  const Route& route = Routes()[match.route];
  if ((route.methods & Bit(match.method)) == 0) {
    return WrongMethod(route.methods);
  }
  const TargetCall call{request, match.parameter, match.query};
  return route.fixture != nullptr ? route.fixture(call) : (this->*route.handler)(call);
}

void TargetRouter::Note(const TargetRequest& request) const {
  if (options_.traceparents == nullptr) {
    return;
  }
  if (const auto header = FindHeader(request, "traceparent"); header.has_value()) {
    options_.traceparents->Add(*header);
  }
}

TargetResponse TargetRouter::ListProducts(const TargetCall& call) const {
  const std::optional<std::string> category = QueryValue(call.query, "category");
  return JsonResponse(product_json_.List(store_->Stocks(), category, options_.padding_bytes));
}

TargetResponse TargetRouter::GetProduct(const TargetCall& call) const {
  int id = 0;
  const auto [rest, problem] = std::from_chars(call.parameter.begin(), call.parameter.end(), id);
  const bool whole = problem == std::errc() && rest == call.parameter.end();
  const auto index = whole ? store_->FindById(id) : std::nullopt;
  if (!index.has_value()) {
    return UnknownProduct(call.parameter);
  }
  return JsonResponse(product_json_.One(*index, store_->Stock(*index)));
}

TargetResponse TargetRouter::ProductDetails(const TargetCall& call) const {
  Fields fields(call.request.body);
  const std::string name = fields.Name();
  if (fields.error.has_value()) {
    return *std::move(fields.error);
  }
  const auto index = store_->FindByName(name);
  if (!index.has_value()) {
    return UnknownProduct(name);
  }
  return JsonResponse(product_json_.One(*index, store_->Stock(*index)));
}

TargetResponse TargetRouter::BuyProduct(const TargetCall& call) const {
  Fields fields(call.request.body);
  const std::string name = fields.Name();
  const int64_t quantity = fields.WholeNumber("quantity", 1, kQuantityMax);
  if (fields.error.has_value()) {
    return *std::move(fields.error);
  }
  const auto index = store_->FindByName(name);
  if (!index.has_value()) {
    return UnknownProduct(name);
  }
  const auto left = store_->Buy(*index, quantity);
  if (!left.has_value()) {
    return ErrorResponse(409, fmt::format("'{}' has too few in stock for {}", name, quantity));
  }
  const Product& product = store_->catalogue()[*index];
  return JsonResponse(fmt::format(R"({{"productID":{},"name":{},"quantity":{},"stock":{}}})",
                                  product.id, boost::json::serialize(product.name), quantity,
                                  *left));
}

TargetResponse TargetRouter::UpdateStock(const TargetCall& call) const {
  Fields fields(call.request.body);
  const std::string name = fields.Name();
  const int64_t stock = fields.WholeNumber("stock", 0, ProductStore::kStockMax);
  if (fields.error.has_value()) {
    return *std::move(fields.error);
  }
  const auto index = store_->FindByName(name);
  if (!index.has_value()) {
    return UnknownProduct(name);
  }
  store_->SetStock(*index, stock);
  return JsonResponse(product_json_.One(*index, stock));
}

TargetResponse TargetRouter::Health(const TargetCall&) const {
  return JsonResponse(R"({"status":"ok"})");
}

TargetResponse TargetRouter::Stats(const TargetCall&) const {
  return JsonResponse(counters_->Json());
}

TargetResponse TargetRouter::ResetStats(const TargetCall&) const {
  counters_->Reset();
  if (options_.traceparents != nullptr) {
    options_.traceparents->Reset();
  }
  return JsonResponse(R"({"status":"reset"})");
}

TargetResponse TargetRouter::Traceparents(const TargetCall&) const {
  return options_.traceparents == nullptr
             ? ErrorResponse(404, "--record-traceparents must say how many to keep")
             : JsonResponse(options_.traceparents->Json());
}

TargetResponse TargetRouter::Stall(const TargetCall& call) const {
  if (!call.request.from_loopback) {
    return ErrorResponse(403, "a stall must be asked for from this machine (loopback)");
  }
  const std::string text = QueryValue(call.query, "for").value_or("");
  const absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  if (!span.ok() || *span <= Nanos(0) || *span > kStallMax) {
    return ErrorResponse(
        400, fmt::format("for must be a time from 1ms to {}, got '{}'", FormatTimeSpan(kStallMax),
                         std::string_view(text).substr(0, 40)));
  }
  stall_->StallUntil(call.request.now + *span);
  return JsonResponse(fmt::format(R"({{"stall":"{}"}})", FormatTimeSpan(*span)));
}

}  // namespace squall
