// Counts every allocation of a test program, for promises that a hot path makes none. It replaces
// the global operators, so exactly one file of a test binary may include it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

namespace squall {

inline uint64_t allocation_count = 0;  // not for several threads

inline void* CountedAllocation(size_t size) {
  ++allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace squall

// Not inlined, or gcc takes free() for the wrong partner of new. The nothrow form is here because
// std::stable_sort pairs it with the plain delete, which AddressSanitizer would report.
// NOLINTBEGIN(misc-definitions-in-headers): included once per program, and cannot be inline.
[[gnu::noinline]] void* operator new(size_t size) {
  void* memory = squall::CountedAllocation(size);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return squall::CountedAllocation(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
// NOLINTEND(misc-definitions-in-headers)
