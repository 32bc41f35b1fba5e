// The shop's stock: a catalogue that never changes and stock levels that do. Pure, no I/O.
// Any thread may call any method; the levels are behind a mutex, since buying is a transaction
// and this is the system under test, not the engine.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace squall {

struct Product {
  int id = 0;
  std::string name;
  double price = 0;
  std::string category;
  int64_t stock = 0;  // the level that the store opens with

  bool operator==(const Product&) const = default;
};

class ProductStore final {
 public:
  static constexpr int64_t kStockMax = 1'000'000'000'000;

  // Ids and names must be unique; they are ours, so a repeated one is a bug.
  explicit ProductStore(std::vector<Product> catalogue);
  ProductStore(const ProductStore&) = delete;
  ProductStore& operator=(const ProductStore&) = delete;

  // In the order given; `stock` is the opening level, not the present one.
  const std::vector<Product>& catalogue() const { return catalogue_; }

  // Positions in the catalogue.
  std::optional<size_t> FindById(int id) const;
  std::optional<size_t> FindByName(std::string_view name) const;

  int64_t Stock(size_t index) const;
  // All levels at one instant, in the order of the catalogue.
  std::vector<int64_t> Stocks() const;

  // Takes `quantity` pieces, all or none. The stock that is left, or nothing when too few are
  // there.
  std::optional<int64_t> Buy(size_t index, int64_t quantity);
  void SetStock(size_t index, int64_t stock);

 private:
  const std::vector<Product> catalogue_;
  std::unordered_map<int, size_t> by_id_;
  std::map<std::string, size_t, std::less<>> by_name_;
  mutable std::mutex mutex_;
  std::vector<int64_t> stocks_;  // guarded by mutex_
};

}  // namespace squall
