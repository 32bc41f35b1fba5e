#include "daemon/target/product_json.h"

#include <iterator>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"

namespace squall {

ProductJson::ProductJson(const std::vector<Product>& catalogue) {
  for (const Product& product : catalogue) {
    Row row;
    row.before_stock = fmt::format(R"({{"productID":{},"name":{},"price":{:.2f},"stock":)",
                                   product.id, boost::json::serialize(product.name), product.price);
    row.after_stock = fmt::format(R"(,"category":{}}})", boost::json::serialize(product.category));
    row.category = product.category;
    rows_.push_back(std::move(row));
  }
}

std::string ProductJson::One(size_t index, int64_t stock) const {
  const Row& row = rows_.at(index);
  return fmt::format("{}{}{}", row.before_stock, stock, row.after_stock);
}

std::string ProductJson::List(const std::vector<int64_t>& stocks,
                              std::optional<std::string_view> category,
                              size_t padding_bytes) const {
  SQUALL_CHECK(stocks.size() == rows_.size());
  std::string text = R"({"data":[)";
  text.reserve(rows_.size() * 128 + padding_bytes);
  bool first = true;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (stocks[i] == 0 || (category.has_value() && row.category != *category)) {
      continue;
    }
    if (!first) {
      text += ',';
    }
    first = false;
    text += row.before_stock;
    fmt::format_to(std::back_inserter(text), "{}", stocks[i]);
    text += row.after_stock;
  }
  text += ']';
  if (padding_bytes > 0) {
    text += R"(,"padding":")";
    text.append(padding_bytes, 'x');
    text += '"';
  }
  text += '}';
  return text;
}

}  // namespace squall
