// A scope and a reply for the tests of checks and extractions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/plan/response_view.h"
#include "daemon/plan/template.h"

namespace squall {

class FakeScope final : public TemplateScope {
 public:
  const Value* Find(std::string_view name) const override {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? nullptr : &found->second;
  }
  Rng& rng() const override { return rng_; }
  WallTime wall() const override { return WallTime(std::chrono::milliseconds(1'700'000'000'123)); }
  uint64_t user_number() const override { return 42; }
  uint64_t iteration() const override { return 7; }
  std::string_view class_name() const override { return "Buyer \"A\""; }

  std::map<std::string, Value> variables;

 private:
  mutable Rng rng_{1};
};

class FakeHeaders final : public HeaderLookup {
 public:
  // Exact names only: ignoring the case is up to the protocol's lookup.
  std::optional<std::string_view> Find(std::string_view name) const override {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }

  std::map<std::string, std::string> values;
};

}  // namespace squall
