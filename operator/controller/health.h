// /healthz and /readyz as controller-runtime answers them: named checks, all of them under one
// path, each under a path of its own ("/readyz/caches"), and "?verbose" says which are well.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall {

struct HealthAnswer {
  bool ok = true;
  std::string text;
};

// Filled by main(), then not changed. `Answer` may be called on any thread.
class HealthChecks final {
 public:
  // True when all is well. Any thread; must not block.
  using Check = std::function<bool()>;

  // `name` is a word of letters and dashes.
  void AddLiveness(std::string name, Check check);   // restart the process if not
  void AddReadiness(std::string name, Check check);  // it does not do its work yet, or no more

  // `target` is what stands in the request, "/readyz?verbose"; nullopt for a path that is not ours.
  std::optional<HealthAnswer> Answer(std::string_view target) const;

 private:
  using Checks = std::vector<std::pair<std::string, Check>>;
  static std::optional<HealthAnswer> Run(const Checks& checks, std::string_view endpoint,
                                         std::string_view rest, bool verbose);

  Checks liveness_;
  Checks readiness_;
};

}  // namespace squall
