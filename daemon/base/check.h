// SQUALL_CHECK: a condition that only a bug of ours can break. The process prints the place and
// stops, in every build; nothing about the system under test may be checked this way.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SQUALL_CHECK(condition)                                                          \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
