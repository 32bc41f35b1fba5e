// Text that claims to be a kubeconfig: it parses, and every context can be chosen or refused, or
// the errors are a few clear lines. The same text goes through the readers of times and durations.
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/check.h"
#include "operator/kube/api/kube_time.h"
#include "operator/kube/api/kubeconfig.h"

namespace squall {
namespace {

void TryTimes(std::string_view text) {
  if (const auto time = ParseKubeTime(text); time.ok()) {
    SQUALL_CHECK(ParseKubeTime(FormatMicroTime(*time)).ok());
  }
  if (const auto duration = ParseKubeDuration(text); duration.ok()) {
    const auto again = ParseKubeDuration(FormatKubeDuration(*duration));
    SQUALL_CHECK(again.ok() && (*again == *duration || *duration > std::chrono::hours(99'999)));
  }
}

void TryConfig(const std::string& text) {
  const auto config = ParseKubeconfig({{"/etc/a", text}, {"b", text}});
  if (!config.ok()) {
    const std::string message(config.status().message());
    SQUALL_CHECK(message.starts_with("/etc/a") && message.size() < 1'000'000);
    return;
  }
  for (const auto& [name, context] : config->contexts) {
    const auto chosen = ChooseContext(*config, name);
    if (chosen.ok()) {
      SQUALL_CHECK(!chosen->cluster.server.empty() && !chosen->ns.empty());
      SQUALL_CHECK(chosen->user.auth_provider.empty());
    }
  }
  // The first file wins, so the second changes nothing.
  SQUALL_CHECK(*ParseKubeconfig({{"/etc/a", text}}) == *config);
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  squall::TryTimes(text);
  squall::TryConfig(text);
  return 0;
}
