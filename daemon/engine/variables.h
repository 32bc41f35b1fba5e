// The variables of one user or one shard: few, so a flat list searched in order beats a map.
// One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/plan/value.h"

namespace squall {

class Variables final {
 public:
  const Value* Find(std::string_view name) const {
    for (const auto& [key, value] : items_) {
      if (key == name) {
        return &value;
      }
    }
    return nullptr;
  }

  void Set(std::string_view name, Value value) {
    for (auto& [key, old] : items_) {
      if (key == name) {
        old = std::move(value);
        return;
      }
    }
    items_.emplace_back(std::string(name), std::move(value));
  }

 private:
  std::vector<std::pair<std::string, Value>> items_;
};

}  // namespace squall
