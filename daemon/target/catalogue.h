// The products of the demo shop: ids 1 to 100 in the categories Electronics, Clothing and Books
// with stock that no demo sells out, and 101, "ZeroStockItem", which has none.
#pragma once

#include <vector>

#include "daemon/target/store.h"

namespace squall {

std::vector<Product> DemoCatalogue();

}  // namespace squall
