// Text that claims to be a template or a JSON path: whatever compiles must render, and what it
// renders as JSON from a JSON text must still be JSON.
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/check.h"
#include "daemon/plan/json_path.h"
#include "daemon/plan/template.h"

namespace squall {
namespace {

class Scope final : public TemplateScope {
 public:
  const Value* Find(std::string_view name) const override {
    return name.starts_with('n') ? nullptr : &value_;
  }
  Rng& rng() const override { return rng_; }
  WallTime wall() const override { return {}; }
  uint64_t user_number() const override { return 3; }
  uint64_t iteration() const override { return 4; }
  std::string_view class_name() const override { return "User"; }

 private:
  Value value_ = ValueObject{{"name", Value("Lap\"top\n")},
                             {"list", ValueList{Value(int64_t{1}), Value(2.5), Value(true)}}};
  mutable Rng rng_{1};
};

void Try(std::string_view text) {
  const Scope scope;
  if (const absl::StatusOr<JsonPath> path = JsonPath::Compile(text); path.ok()) {
    path->Find(*scope.Find("x"));
  }
  const absl::StatusOr<Template> compiled = Template::Compile(text);
  if (!compiled.ok()) {
    SQUALL_CHECK(compiled.status().message().size() < 1000);
    return;
  }
  std::string plain;
  const absl::Status status = compiled->Render(scope, &plain);
  std::string json;
  SQUALL_CHECK(compiled->RenderJson(scope, &json).ok() == status.ok());
  compiled->Evaluate(scope).IgnoreError();
  compiled->Variables();
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::Try(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
