#include "daemon/target/router.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/target/catalogue.h"

namespace squall {
namespace {

const TimePoint kNow(std::chrono::seconds(100));

class TargetRouterTest : public testing::Test {
 protected:
  TargetResponse Ask(std::string_view method, std::string_view target, std::string_view body = "",
                     bool from_loopback = true) {
    TargetRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.from_loopback = from_loopback;
    request.now = kNow;
    return router_.Handle(request, router_.Match(method, target));
  }
  boost::json::value Json(std::string_view method, std::string_view target,
                          std::string_view body = "") {
    return boost::json::parse(Ask(method, target, body).body);
  }
  std::string Label(std::string_view method, std::string_view target) {
    return TargetRouter::RouteLabels().at(router_.Match(method, target).route);
  }

  ProductStore store_{DemoCatalogue()};
  TargetCounters counters_{1, TargetRouter::RouteLabels()};
  StallSwitch stall_{kNow, {}};
  TargetRouter router_{{}, &store_, &counters_, &stall_};
};

TEST_F(TargetRouterTest, ListsTheProducts) {
  const auto data = Json("GET", "/products").at("data").as_array();
  ASSERT_EQ(data.size(), 100U);  // all but the one that is sold out
  for (const char* field : {"productID", "name", "price", "stock", "category"}) {
    EXPECT_TRUE(data[0].as_object().contains(field)) << field;
  }
}

TEST_F(TargetRouterTest, ListsOneCategory) {
  for (const std::string category : {"Electronics", "Clothing", "Books"}) {
    const auto data = Json("GET", "/products?category=" + category).at("data").as_array();
    EXPECT_GE(data.size(), 30U) << category;
    for (const auto& product : data) {
      EXPECT_EQ(product.at("category").as_string(), category);
    }
  }
  EXPECT_TRUE(Json("GET", "/products?category=Toys").at("data").as_array().empty());
}

TEST_F(TargetRouterTest, GivesEachProductByItsId) {
  for (int id = 1; id <= 100; ++id) {
    const auto product = Json("GET", "/products/" + std::to_string(id));
    EXPECT_EQ(product.at("productID").as_int64(), id);
  }
  for (const char* unknown : {"/products/0", "/products/102", "/products/x", "/products/1x",
                              "/products/99999999999", "/products/-1"}) {
    EXPECT_EQ(Ask("GET", unknown).status, 404) << unknown;
  }
}

TEST_F(TargetRouterTest, GivesTheDetailsByName) {
  const auto product = Json("POST", "/products/details", R"({"name":"Laptop"})");
  EXPECT_EQ(product.at("productID").as_int64(), 1);
  EXPECT_DOUBLE_EQ(product.at("price").as_double(), 999.99);
  EXPECT_EQ(product.at("category").as_string(), "Electronics");
  EXPECT_GT(product.at("stock").as_int64(), 0);
  EXPECT_EQ(Ask("POST", "/products/details", R"({"name":"NonExistentProduct"})").status, 404);
  EXPECT_EQ(Ask("POST", "/products/details", R"({"name":"ZeroStockItem"})").status, 200);
}

TEST_F(TargetRouterTest, BuyingTakesFromTheStock) {
  const int64_t before = Json("GET", "/products/2").at("stock").as_int64();
  const auto bought = Json("POST", "/products/buy", R"({"name":"Phone","quantity":3})");
  EXPECT_EQ(bought.at("stock").as_int64(), before - 3);
  EXPECT_EQ(bought.at("quantity").as_int64(), 3);
  EXPECT_EQ(Json("GET", "/products/2").at("stock").as_int64(), before - 3);
}

TEST_F(TargetRouterTest, BuyingFailsAsTheSeedDocumentExpects) {
  EXPECT_EQ(Ask("POST", "/products/buy", R"({"name":"NonExistentProduct","quantity":1})").status,
            404);
  EXPECT_EQ(Ask("POST", "/products/buy", R"({"name":"ZeroStockItem","quantity":1})").status, 409);
}

TEST_F(TargetRouterTest, AStockUpdateIsSeenByEverybody) {
  for (const char* method : {"PUT", "POST"}) {
    const auto updated = Json(method, "/products/stock", R"({"name":"Phone","stock":2})");
    EXPECT_EQ(updated.at("stock").as_int64(), 2);
    EXPECT_EQ(Ask("POST", "/products/buy", R"({"name":"Phone","quantity":3})").status, 409);
    EXPECT_EQ(Ask("POST", "/products/buy", R"({"name":"Phone","quantity":2})").status, 200);
  }
  EXPECT_EQ(Json("GET", "/products").at("data").as_array().size(), 99U);
  EXPECT_EQ(Ask("PUT", "/products/stock", R"({"name":"Nothing","stock":2})").status, 404);
}

TEST_F(TargetRouterTest, BadBodiesAreRefusedByField) {
  const struct {
    const char* path;
    const char* body;
    const char* complaint;
  } rows[] = {
      {"/products/buy", "", "the body must be JSON"},
      {"/products/buy", "{", "the body must be JSON"},
      {"/products/buy", "[1]", "the body must be a JSON object"},
      {"/products/buy", "{}", "name must be a text that is not empty, got nothing"},
      {"/products/buy", R"({"name":7,"quantity":1})", "name must be a text"},
      {"/products/buy", R"({"name":"","quantity":1})", "name must be a text"},
      {"/products/buy", R"({"name":"Phone"})", "quantity must be a whole number"},
      {"/products/buy", R"({"name":"Phone","quantity":0})", "from 1 to 1000000, got 0"},
      {"/products/buy", R"({"name":"Phone","quantity":-1})", "got -1"},
      {"/products/buy", R"({"name":"Phone","quantity":1.5})", "got 1.5E0"},
      {"/products/buy", R"({"name":"Phone","quantity":"1"})", "quantity must be a whole number"},
      {"/products/buy", R"({"name":"Phone","quantity":1e300})", "quantity must be a whole number"},
      {"/products/stock", R"({"name":"Phone","stock":-1})", "stock must be a whole number"},
      {"/products/stock", R"({"name":"Phone"})", "stock must be a whole number"},
      {"/products/details", R"({"nam":"Phone"})", "name must be a text"},
  };
  for (const auto& row : rows) {
    const TargetResponse response = Ask("POST", row.path, row.body);
    EXPECT_EQ(response.status, 400) << row.body;
    const std::string error(boost::json::parse(response.body).at("error").as_string());
    EXPECT_NE(error.find(row.complaint), std::string::npos) << row.body << " -> " << error;
  }
  EXPECT_EQ(Ask("POST", "/products/buy", std::string(100'000, '[')).status, 400);
}

TEST_F(TargetRouterTest, AWrongMethodIsToldTheRightOnes) {
  const TargetResponse response = Ask("DELETE", "/products/stock");
  EXPECT_EQ(response.status, 405);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "Allow");
  EXPECT_EQ(response.headers[0].second, "POST, PUT");
  EXPECT_EQ(Ask("POST", "/products").status, 405);
  EXPECT_EQ(Ask("BREW", "/products").status, 405);
}

TEST_F(TargetRouterTest, AnyOtherPathIsUnknown) {
  for (const char* path : {"/", "", "/product", "/products/", "/products/1/", "/products/1/2",
                           "/status/", "*", "http://x/products"}) {
    EXPECT_EQ(Ask("GET", path).status, 404) << path;
    EXPECT_EQ(Label("GET", path), "(unknown)") << path;
  }
}

TEST_F(TargetRouterTest, RoutesAreNamedByTheirPattern) {
  EXPECT_EQ(Label("GET", "/products?category=Books"), "/products");
  EXPECT_EQ(Label("GET", "/products/17"), "/products/{id}");
  EXPECT_EQ(Label("POST", "/products/buy"), "/products/buy");
  EXPECT_EQ(Label("GET", "/delay/5?x"), "/delay/{ms}");
}

TEST_F(TargetRouterTest, ControlRoutesAreMarked) {
  for (const char* path : {"/healthz", "/stats", "/stats/reset", "/admin/stall"}) {
    EXPECT_TRUE(router_.Match("GET", path).control) << path;
  }
  EXPECT_FALSE(router_.Match("GET", "/products").control);
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
}

TEST_F(TargetRouterTest, StatsShowAndForgetTheCounters) {
  Add(counters_.slot(0).requests[0][0], 5);
  EXPECT_EQ(Json("GET", "/stats").at("requests").at("GET /products").as_int64(), 5);
  EXPECT_EQ(Ask("POST", "/stats/reset").status, 200);
  EXPECT_EQ(Json("GET", "/stats").at("total").as_int64(), 0);
}

TEST_F(TargetRouterTest, AStallCanBeAskedForFromThisMachineOnly) {
  EXPECT_EQ(Ask("POST", "/admin/stall?for=2s", "", false).status, 403);
  for (const char* bad : {"/admin/stall", "/admin/stall?for=", "/admin/stall?for=0",
                          "/admin/stall?for=11m", "/admin/stall?for=soon"}) {
    EXPECT_EQ(Ask("POST", bad).status, 400) << bad;
  }
  EXPECT_EQ(stall_.ReleaseTime(kNow), kNow);
  EXPECT_EQ(Ask("POST", "/admin/stall?for=2s").status, 200);
  EXPECT_EQ(stall_.ReleaseTime(kNow), kNow + std::chrono::seconds(2));
}

TEST_F(TargetRouterTest, PaddingMakesListsBigger) {
  const TargetRouter padded({.padding_bytes = 1000}, &store_, &counters_, &stall_);
  TargetRequest request;
  request.method = "GET";
  request.target = "/products";
  const auto body = padded.Handle(request, padded.Match("GET", "/products")).body;
  EXPECT_EQ(boost::json::parse(body).at("padding").as_string().size(), 1000U);
}

TEST_F(TargetRouterTest, FixturesAreReachable) {
  EXPECT_EQ(Ask("DELETE", "/status/418").status, 418);
  EXPECT_EQ(Ask("GET", "/bytes/10").filler_bytes, 10);
  EXPECT_EQ(Ask("PATCH", "/echo", "x").status, 200);
  EXPECT_EQ(Ask("GET", "/echo").status, 405);
}

TEST_F(TargetRouterTest, GivesTheTraceparentsThatArrivedAndForgetsThemWithAReset) {
  EXPECT_EQ(Ask("GET", "/traceparents").status, 404);  // nothing is kept
  TraceparentLog log(10);
  const TargetRouter router({.traceparents = &log}, &store_, &counters_, &stall_);
  const HeaderView headers[] = {
      {"Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}};
  TargetRequest request;
  request.headers = headers;
  router.Note(request);
  router.Note(TargetRequest());
  const auto ask = [&](std::string_view method, std::string_view target) {
    TargetRequest asked;
    asked.method = method;
    asked.target = target;
    return router.Handle(asked, router.Match(method, target)).body;
  };
  EXPECT_TRUE(router.Match("GET", "/traceparents").control);
  EXPECT_EQ(boost::json::parse(ask("GET", "/traceparents")).at("received").as_int64(), 1);
  ask("POST", "/stats/reset");
  EXPECT_EQ(boost::json::parse(ask("GET", "/traceparents")).at("received").as_int64(), 0);
}

}  // namespace
}  // namespace squall
