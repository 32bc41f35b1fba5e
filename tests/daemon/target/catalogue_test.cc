#include "daemon/target/catalogue.h"

#include <set>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(DemoCatalogueTest, HasTheIdsOneToAHundredWithPlentyOfStock) {
  const ProductStore store(DemoCatalogue());
  for (int id = 1; id <= 100; ++id) {
    const auto index = store.FindById(id);
    ASSERT_TRUE(index.has_value()) << id;
    EXPECT_GT(store.Stock(*index), 100'000'000) << id;
  }
}

TEST(DemoCatalogueTest, HasThePricesOfTheSeedDocument) {
  const ProductStore store(DemoCatalogue());
  const std::pair<const char*, double> rows[] = {
      {"Laptop", 999.99}, {"Phone", 599.99}, {"Headphones", 149.99}};
  for (const auto& [name, price] : rows) {
    const auto index = store.FindByName(name);
    ASSERT_TRUE(index.has_value()) << name;
    EXPECT_DOUBLE_EQ(store.catalogue()[*index].price, price);
  }
}

TEST(DemoCatalogueTest, HasItsThreeCategoriesAndItsEdgeCases) {
  std::set<std::string> categories;
  for (const Product& product : DemoCatalogue()) {
    categories.insert(product.category);
  }
  EXPECT_EQ(categories, (std::set<std::string>{"Books", "Clothing", "Electronics"}));
  const ProductStore store(DemoCatalogue());
  EXPECT_EQ(store.Stock(store.FindByName("ZeroStockItem").value()), 0);
  EXPECT_EQ(store.FindByName("NonExistentProduct"), std::nullopt);
}

}  // namespace
}  // namespace squall
