#include "daemon/target/store.h"

#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

std::vector<Product> TwoProducts() {
  return {{1, "Laptop", 999.99, "Electronics", 10}, {7, "Novel", 9.99, "Books", 0}};
}

TEST(ProductStoreTest, FindsByIdAndByName) {
  const ProductStore store(TwoProducts());
  EXPECT_EQ(store.FindById(7), 1U);
  EXPECT_EQ(store.FindByName("Laptop"), 0U);
  EXPECT_EQ(store.FindById(2), std::nullopt);
  EXPECT_EQ(store.FindByName("laptop"), std::nullopt);
}

TEST(ProductStoreTest, BuysAllOrNothing) {
  ProductStore store(TwoProducts());
  EXPECT_EQ(store.Buy(0, 4), 6);
  EXPECT_EQ(store.Buy(0, 7), std::nullopt);
  EXPECT_EQ(store.Stock(0), 6);
  EXPECT_EQ(store.Buy(0, 6), 0);
  EXPECT_EQ(store.Buy(1, 1), std::nullopt);
}

TEST(ProductStoreTest, ANewStockReplacesTheOld) {
  ProductStore store(TwoProducts());
  store.SetStock(1, 3);
  EXPECT_EQ(store.Stocks(), (std::vector<int64_t>{10, 3}));
  EXPECT_EQ(store.Buy(1, 3), 0);
}

TEST(ProductStoreTest, BuyersOnManyThreadsTakeEachPieceOnce) {
  ProductStore store({{1, "Laptop", 1, "Electronics", 3000}});
  std::vector<std::thread> threads;
  std::vector<int> bought(4);
  for (int& count : bought) {
    threads.emplace_back([&store, &count] {
      while (store.Buy(0, 1).has_value()) {
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(bought[0] + bought[1] + bought[2] + bought[3], 3000);
  EXPECT_EQ(store.Stock(0), 0);
}

}  // namespace
}  // namespace squall
