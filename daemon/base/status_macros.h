// Early returns for absl::Status. A macro cannot know what kind of function it stands in, so
// coroutines have forms of their own (SQUALL_CO_…).
#pragma once

#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#define SQUALL_CONCAT_INNER(a, b) a##b
#define SQUALL_CONCAT(a, b) SQUALL_CONCAT_INNER(a, b)

#define SQUALL_RETURN_IF_ERROR(expression)                  \
  do {                                                      \
    if (absl::Status status = (expression); !status.ok()) { \
      return status;                                        \
    }                                                       \
  } while (false)

#define SQUALL_CO_RETURN_IF_ERROR(expression)               \
  do {                                                      \
    if (absl::Status status = (expression); !status.ok()) { \
      co_return status;                                     \
    }                                                       \
  } while (false)

// `target` may be a declaration and `leave` is a keyword: neither can stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define SQUALL_ASSIGN_OR_RETURN(target, expression) \
  SQUALL_ASSIGN_OR_RETURN_INNER(SQUALL_CONCAT(status_or_, __LINE__), target, expression, return )

#define SQUALL_ASSIGN_OR_CO_RETURN(target, expression) \
  SQUALL_ASSIGN_OR_RETURN_INNER(SQUALL_CONCAT(status_or_, __LINE__), target, expression, co_return )

#define SQUALL_ASSIGN_OR_RETURN_INNER(result, target, expression, leave) \
  auto result = (expression);                                            \
  if (!result.ok()) {                                                    \
    leave result.status();                                               \
  }                                                                      \
  target = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
