// Bytes that claim to be a reply: read whole and in pieces, the short way and the long way must
// agree; the body goes through decompression and a step's checks. The first byte says where to cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/check.h"
#include "daemon/plan/response_check.h"
#include "daemon/protocol/http/inflate.h"
#include "daemon/protocol/http/response_reader.h"
#include "daemon/protocol/http/simple_reply.h"
#include "daemon/protocol/http/url.h"

namespace squall {
namespace {

constexpr uint32_t kHeadMax = 4096;
constexpr uint64_t kBodyMax = uint64_t{32} * 1024;

struct Outcome {
  int status = 0;
  bool done = false;
  bool failed = false;
  std::string body;
  std::string location;
};

Outcome ReadIn(std::string_view text, size_t piece) {
  Outcome outcome;
  std::string headers;
  std::string cookies;
  ResponseReader reader(ResponseSink{&outcome.body, &headers, &outcome.location, &cookies}, false,
                        kHeadMax, kBodyMax);
  std::string held;
  std::string_view error;
  while (!text.empty() && error.empty() && !reader.is_done()) {
    held.append(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    held.erase(0, reader.Feed(held, &error));
  }
  outcome.status = reader.status();
  outcome.done = reader.is_done();
  outcome.failed = !error.empty();
  SQUALL_CHECK(outcome.body.size() <= kBodyMax);
  return outcome;
}

class NoVariables final : public TemplateScope {
 public:
  const Value* Find(std::string_view) const override { return nullptr; }
  Rng& rng() const override { return rng_; }
  WallTime wall() const override { return {}; }
  uint64_t user_number() const override { return 0; }
  uint64_t iteration() const override { return 0; }
  std::string_view class_name() const override { return ""; }

 private:
  mutable Rng rng_{1};
};

const CompiledChecks& Checks() {
  static const CompiledChecks checks = [] {
    JsonIs json;
    json.path = "$.data[0].price";
    json.number = "1.5";
    std::vector<Extract> extracts(1);
    extracts[0].as = "x";
    extracts[0].expression = "$.data[*].name";
    return *CompiledChecks::Make(
        {{"json", json}, {"text", BodyContains{"a"}}, {"regex", BodyMatches{"a(b+)c"}}}, extracts);
  }();
  return checks;
}

void Try(std::string_view text, size_t piece) {
  const Outcome whole = ReadIn(text, text.size());
  const Outcome pieces = ReadIn(text, piece);
  if (whole.done && pieces.done) {
    SQUALL_CHECK(whole.status == pieces.status && whole.body == pieces.body);
  }
  if (const std::optional<SimpleReply> simple = ReadSimpleReply(text, kHeadMax, kBodyMax);
      simple.has_value() && whole.done) {
    SQUALL_CHECK(simple->status == whole.status && simple->body == whole.body);
  }
  if (!whole.location.empty()) {
    ResolveLocation(Origin{}, "/a/b?c", whole.location).IgnoreError();
  }
  std::string inflated;
  Inflate(whole.body, kBodyMax, &inflated);
  ResponseView view;
  view.status = whole.status;
  view.body = whole.body;
  const std::optional<std::string> reason =
      Checks().Evaluate(view, NoVariables(), [](const std::string&, bool) {});
  SQUALL_CHECK(!reason.has_value() || reason->size() < 1000);
  Checks().Extract(view, [](const std::string&, VariableScope, const Value&) {});
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) {
    squall::Try(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1),
                data[0] % 64U + 1);
  }
  return 0;
}
