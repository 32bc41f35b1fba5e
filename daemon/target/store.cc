#include "daemon/target/store.h"

#include <utility>

#include "daemon/base/check.h"

namespace squall {

ProductStore::ProductStore(std::vector<Product> catalogue) : catalogue_(std::move(catalogue)) {
  for (size_t i = 0; i < catalogue_.size(); ++i) {
    SQUALL_CHECK(by_id_.emplace(catalogue_[i].id, i).second);
    SQUALL_CHECK(by_name_.emplace(catalogue_[i].name, i).second);
    stocks_.push_back(catalogue_[i].stock);
  }
}

std::optional<size_t> ProductStore::FindById(int id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<size_t> ProductStore::FindByName(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

int64_t ProductStore::Stock(size_t index) const {
  const std::lock_guard lock(mutex_);
  return stocks_.at(index);
}

std::vector<int64_t> ProductStore::Stocks() const {
  const std::lock_guard lock(mutex_);
  return stocks_;
}

std::optional<int64_t> ProductStore::Buy(size_t index, int64_t quantity) {
  SQUALL_CHECK(quantity > 0);
  const std::lock_guard lock(mutex_);
  int64_t& stock = stocks_.at(index);
  if (stock < quantity) {
    return std::nullopt;
  }
  stock -= quantity;
  return stock;
}

void ProductStore::SetStock(size_t index, int64_t stock) {
  SQUALL_CHECK(stock >= 0 && stock <= kStockMax);
  const std::lock_guard lock(mutex_);
  stocks_.at(index) = stock;
}

}  // namespace squall
