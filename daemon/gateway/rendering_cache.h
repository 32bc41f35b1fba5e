// Texts that many clients ask for, made once for each version: fifty browsers cost one rendering.
// Bounded: what nobody has asked for longest goes first. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <absl/status/statusor.h>

namespace squall {

struct Rendering {
  std::shared_ptr<const std::string> text;
  std::shared_ptr<const std::string> gzip;  // nullptr when the text is short
};

class RenderingCache final {
 public:
  using Render = std::function<absl::StatusOr<std::string>()>;

  explicit RenderingCache(size_t bytes_max = 64 << 20, size_t entries_max = 256)
      : bytes_max_(bytes_max), entries_max_(entries_max) {}

  // What `render` gives for this version of `key`; who asks for the same meanwhile waits for it.
  // Errors are those of `render`, and are not kept.
  absl::StatusOr<Rendering> Get(const std::string& key, const std::string& version,
                                const Render& render);

 private:
  struct Entry {
    std::string key;
    std::string version;
    std::mutex making;
    Rendering rendering;  // guarded by `making`
    size_t bytes = 0;     // guarded by the cache's mutex
  };

  std::shared_ptr<Entry> Find(const std::string& key, const std::string& version);
  void Count(const std::shared_ptr<Entry>& entry, size_t bytes);

  const size_t bytes_max_;
  const size_t entries_max_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  // guarded by mutex_; the last used first
  size_t bytes_ = 0;                           // guarded by mutex_
};

}  // namespace squall
