// Products as JSON text. Everything but the stock is rendered once, so that a list of a hundred
// products costs a few microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/target/store.h"

namespace squall {

// Immutable; any thread may read it.
class ProductJson final {
 public:
  explicit ProductJson(const std::vector<Product>& catalogue);

  // {"productID":1,"name":"Laptop","price":999.99,"stock":5,"category":"Electronics"}
  std::string One(size_t index, int64_t stock) const;

  // {"data":[…]}, plus a "padding" string of `padding_bytes` when that is not 0. Lists leave out
  // what is sold out, so that a user who picks from one can buy what it picked.
  std::string List(const std::vector<int64_t>& stocks, std::optional<std::string_view> category,
                   size_t padding_bytes) const;

 private:
  struct Row {
    std::string before_stock;
    std::string after_stock;
    std::string category;
  };
  std::vector<Row> rows_;
};

}  // namespace squall
