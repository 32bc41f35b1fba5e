#include "daemon/target/product_json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

std::vector<Product> ThreeProducts() {
  return {{1, "Laptop", 999.99, "Electronics", 0},
          {2, "A \"quoted\" book", 5, "Books", 0},
          {3, "Phone", 599.5, "Electronics", 0}};
}

TEST(ProductJsonTest, WritesTheFieldsOfTheSeedDocument) {
  const ProductJson json(ThreeProducts());
  EXPECT_EQ(json.One(0, 5),
            R"({"productID":1,"name":"Laptop","price":999.99,"stock":5,"category":"Electronics"})");
}

TEST(ProductJsonTest, EscapesNames) {
  const auto parsed = boost::json::parse(ProductJson(ThreeProducts()).One(1, 0));
  EXPECT_EQ(parsed.at("name").as_string(), "A \"quoted\" book");
}

TEST(ProductJsonTest, ListsWhatIsInStock) {
  const auto parsed =
      boost::json::parse(ProductJson(ThreeProducts()).List({4, 0, 9}, std::nullopt, 0));
  const auto& data = parsed.at("data").as_array();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[0].at("stock").as_int64(), 4);
  EXPECT_EQ(data[1].at("name").as_string(), "Phone");
}

TEST(ProductJsonTest, ListsOneCategory) {
  const ProductJson json(ThreeProducts());
  EXPECT_EQ(boost::json::parse(json.List({1, 1, 1}, "Books", 0)).at("data").as_array().size(), 1U);
  EXPECT_EQ(json.List({1, 1, 1}, "Toys", 0), R"({"data":[]})");
}

TEST(ProductJsonTest, PadsAListToASize) {
  const ProductJson json(ThreeProducts());
  EXPECT_EQ(json.List({1, 1, 1}, "Toys", 4), R"({"data":[],"padding":"xxxx"})");
}

}  // namespace
}  // namespace squall
