#include "daemon/gateway/rendering_cache.h"

#include <algorithm>
#include <utility>

#include "daemon/base/gzip.h"
#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr size_t kWorthCompressingBytes = 1024;

}  // namespace

absl::StatusOr<Rendering> RenderingCache::Get(const std::string& key, const std::string& version,
                                              const Render& render) {
  const std::shared_ptr<Entry> entry = Find(key, version);
  const std::lock_guard<std::mutex> lock(entry->making);
  if (entry->rendering.text != nullptr) {
    return entry->rendering;
  }
  SQUALL_ASSIGN_OR_RETURN(std::string text, render());
  Rendering rendering;
  if (text.size() >= kWorthCompressingBytes) {
    rendering.gzip = std::make_shared<const std::string>(Gzip(text, GzipEffort::kFast));
  }
  rendering.text = std::make_shared<const std::string>(std::move(text));
  entry->rendering = rendering;
  Count(entry, rendering.text->size() + (rendering.gzip == nullptr ? 0 : rendering.gzip->size()));
  return rendering;
}

std::shared_ptr<RenderingCache::Entry> RenderingCache::Find(const std::string& key,
                                                            const std::string& version) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry->key == key; });
  if (found != entries_.end() && (*found)->version == version) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front();
  }
  if (found != entries_.end()) {
    bytes_ -= (*found)->bytes;
    entries_.erase(found);
  }
  auto entry = std::make_shared<Entry>();
  entry->key = key;
  entry->version = version;
  entries_.push_front(entry);
  return entry;
}

void RenderingCache::Count(const std::shared_ptr<Entry>& entry, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // It may have had to go while it was made.
  if (std::find(entries_.begin(), entries_.end(), entry) == entries_.end()) {
    return;
  }
  entry->bytes = bytes;
  bytes_ += bytes;
  while (entries_.size() > 1 && (bytes_ > bytes_max_ || entries_.size() > entries_max_)) {
    bytes_ -= entries_.back()->bytes;
    entries_.pop_back();
  }
}

}  // namespace squall
