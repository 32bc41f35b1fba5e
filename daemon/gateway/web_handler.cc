#include "daemon/gateway/web_handler.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "daemon/gateway/locust_api.h"
#include "daemon/gateway/route_table.h"
#include "daemon/gateway/run_pieces.h"
#include "daemon/gateway/web_api.h"
#include "daemon/gateway/web_site.h"
#include "daemon/http/header_text.h"

namespace squall {
namespace {

std::string Instance(const Clock* clock) {
  return clock == nullptr ? "" : fmt::format("{:x}", clock->Wall().time_since_epoch().count());
}

// All that answers, wired together.
class Answerer final {
 public:
  Answerer(RunHost* host, const WebOptions& options)
      : pieces_(host),
        api_(host, &pieces_, Instance(options.clock)),
        locust_(host),
        site_(options.token_login, options.password_login) {
    api_.AddTo(&routes_);
    locust_.AddTo(&routes_);
    routes_.Add({"GET", "/healthz", BodyKind::kNone,
                 [](const HttpRequest&, const std::string&) { return TextReply(200, "ok\n"); }});
  }

  const RouteTable& routes() const { return routes_; }

  HttpReply Answer(const HttpRequest& request) const {
    if (request.method == "GET") {
      if (std::optional<HttpReply> reply = site_.Find(request); reply.has_value()) {
        return *std::move(reply);
      }
      if (IsPage(request)) {
        return site_.Index();
      }
    }
    return routes_.Answer(request);
  }

 private:
  // The app shows what is at /runs/ID, /compare … , and says what it does not know.
  bool IsPage(const HttpRequest& request) const {
    return AcceptsPage(request.Header("accept")) && !request.path.starts_with("/api/") &&
           !request.path.starts_with("/assets/") && !routes_.Knows(request.path);
  }

  RunPieces pieces_;
  WebApi api_;
  LocustApi locust_;
  WebSite site_;
  RouteTable routes_;
};

}  // namespace

HttpHandler MakeWebHandler(RunHost* host, WebOptions options) {
  // Shared, since an HttpHandler is copied.
  auto answerer = std::make_shared<const Answerer>(host, options);
  return [answerer = std::move(answerer)](const HttpRequest& request) {
    return answerer->Answer(request);
  };
}

std::vector<std::string> ChangingGets() { return {"/stop", "/stats/reset"}; }

std::vector<std::string> WebRouteNames() { return Answerer(nullptr, {}).routes().Names(); }

}  // namespace squall
