// The traceparent headers that arrived, for tests that compare them with the spans of the load
// generator. Any thread may call anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

class TraceparentLog final {
 public:
  // Keeps the first `capacity` since the last reset; 0: none.
  explicit TraceparentLog(size_t capacity) : capacity_(capacity) {}
  TraceparentLog(const TraceparentLog&) = delete;
  TraceparentLog& operator=(const TraceparentLog&) = delete;

  // Text that is none of version 00 (55 bytes of hex digits and dashes) is counted alone.
  void Add(std::string_view header);
  // {"received":3,"malformed":0,"traceparents":["00-…-…-01",…]}
  std::string Json() const;
  void Reset();

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  uint64_t received_ = 0;  // guarded by mutex_, as all below
  uint64_t malformed_ = 0;
  std::vector<std::string> kept_;
};

}  // namespace squall
