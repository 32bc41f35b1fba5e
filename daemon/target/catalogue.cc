#include "daemon/target/catalogue.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace squall {
namespace {

constexpr int64_t kPlenty = 1'000'000'000;  // 5 pieces, 50 000 times a second: over an hour
constexpr int kListed = 100;

struct Category {
  std::string_view name;
  double base_price;
  std::array<std::string_view, 9> nouns;
};

constexpr std::array<Category, 3> kCategories = {{
    {"Electronics",
     79.99,
     {"Tablet", "Monitor", "Keyboard", "Mouse", "Webcam", "Speaker", "Charger", "Router",
      "Camera"}},
    {"Clothing",
     19.99,
     {"T-Shirt", "Jeans", "Jacket", "Sweater", "Socks", "Scarf", "Hat", "Dress", "Raincoat"}},
    {"Books",
     9.99,
     {"Novel", "Cookbook", "Atlas", "Dictionary", "Biography", "Anthology", "Textbook", "Guidebook",
      "Almanac"}},
}};
constexpr std::array<std::string_view, 4> kEditions = {"", " Classic", " Deluxe", " Limited"};

// The k-th product after the three that the seed document prices by name.
Product Generated(int k) {
  const Category& category = kCategories[k % kCategories.size()];
  const size_t row = k / kCategories.size();
  const std::string_view noun = category.nouns[row % category.nouns.size()];
  const size_t edition = row / category.nouns.size();
  Product product;
  product.name = fmt::format("{}{}", noun, kEditions.at(edition));
  product.price = category.base_price + 5 * static_cast<double>(row);
  product.category = category.name;
  product.stock = kPlenty;
  return product;
}

}  // namespace

std::vector<Product> DemoCatalogue() {
  std::vector<Product> products = {{1, "Laptop", 999.99, "Electronics", kPlenty},
                                   {2, "Phone", 599.99, "Electronics", kPlenty},
                                   {3, "Headphones", 149.99, "Electronics", kPlenty}};
  for (int k = 0; static_cast<int>(products.size()) < kListed; ++k) {
    products.push_back(Generated(k));
    products.back().id = static_cast<int>(products.size());
  }
  products.push_back({kListed + 1, "ZeroStockItem", 49.99, "Electronics", 0});
  return products;
}

}  // namespace squall
