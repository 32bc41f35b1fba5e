// The target's service: request in, response out, no sockets and no waiting. What takes time (a
// delay, a long body) is said in the response and done by the session.
//
//   GET  /products                              {"data":[{productID,name,price,stock,category}…]}
//   GET  /products?category=X                   the same, one category; both leave out what is
//                                               sold out, so what is picked there can be bought
//   GET  /products/{id}                         one product, 404
//   POST /products/details {"name"}             the product, 404
//   POST /products/buy {"name","quantity"}      200 with the stock that is left, 404, 409: too few
//   PUT, POST /products/stock {"name","stock"}  the product with its new stock, 404
//   GET  /healthz
//   GET  /stats                                 what arrived (counters.h); POST /stats/reset
//   GET  /traceparents                          the headers that arrived (--record-traceparents)
//   POST /admin/stall?for=2s                    no answers for that time; from loopback only
// Fixtures for clients under test:
//   GET  /bytes/{n}      n bytes, at most 64 MiB, streamed
//   any  /status/{code}  200 to 599             any  /delay/{ms}  answers after ms, at most 60 000
//   any  /redirect/{n}   n hops, ?code=301|302|303|307|308
//   GET  /cookie/set     Set-Cookie: session=demo (?value=…)     GET /cookie/check  200 or 403
//   GET  /gzip           gzip-encoded JSON      GET  /chunked     a few chunks
//   GET  /close          no length, ends with the connection
//   POST /echo           {"method","target","headers","body","body_bytes"}; PUT and PATCH too
//   GET  /basic-auth     demo:demo or 401       GET  /bearer      demo-token or 401
//   GET  /truncate       promises 1000 bytes, sends half, closes
//   GET  /drop           closes without an answer
// HEAD goes wherever GET goes. Bad JSON or bad fields are 400, a wrong method is 405 with Allow,
// anything else is 404. docs/target.md says the same to users.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/message.h"
#include "daemon/target/product_json.h"
#include "daemon/target/store.h"
#include "daemon/target/traceparent_log.h"

namespace squall {

// Where a request goes; a small value.
struct RouteMatch {
  size_t route = 0;  // index for TargetCounters
  TargetMethod method = TargetMethod::kOther;
  std::string_view parameter;  // the {…} part of the path
  std::string_view query;
  // /healthz, /stats, /traceparents, /admin: not counted and never made to fail
  bool control = false;
};

struct TargetRouterOptions {
  size_t padding_bytes = 0;  // extra bytes in GET /products, to make answers as big as yours
  TraceparentLog* traceparents = nullptr;  // outlives the router; nullptr: nothing is kept
};

// Any thread may call the const methods; what they change is behind the store and the switch.
class TargetRouter final {
 public:
  // The three must outlive the router.
  TargetRouter(TargetRouterOptions options, ProductStore* store, TargetCounters* counters,
               StallSwitch* stall);

  // Labels for TargetCounters, in the order of RouteMatch::route; the last is "(unknown)".
  static std::vector<std::string> RouteLabels();

  RouteMatch Match(std::string_view method, std::string_view target) const;
  TargetResponse Handle(const TargetRequest& request, const RouteMatch& match) const;
  // Once for each request that is counted, answered or not.
  void Note(const TargetRequest& request) const;

 private:
  struct Route;
  static std::span<const Route> Routes();

  TargetResponse ListProducts(const TargetCall& call) const;
  TargetResponse GetProduct(const TargetCall& call) const;
  TargetResponse ProductDetails(const TargetCall& call) const;
  TargetResponse BuyProduct(const TargetCall& call) const;
  TargetResponse UpdateStock(const TargetCall& call) const;
  TargetResponse Health(const TargetCall& call) const;
  TargetResponse Stats(const TargetCall& call) const;
  TargetResponse ResetStats(const TargetCall& call) const;
  TargetResponse Traceparents(const TargetCall& call) const;
  TargetResponse Stall(const TargetCall& call) const;

  const TargetRouterOptions options_;
  ProductStore* const store_;
  TargetCounters* const counters_;
  StallSwitch* const stall_;
  const ProductJson product_json_;
};

}  // namespace squall
