// Co<T>: a lazy coroutine of one event-loop thread. It starts when awaited, resumes its awaiter
// by symmetric transfer, and never throws (an exception inside is a bug of ours and stops the
// process).
//
// Why not asio::awaitable: a user's steps nest three or four coroutines deep on the hot path, and a
// Co costs one pooled frame and no type erasure. Rules (docs/traps/): parameters are values or T*
// that outlive the task; lambdas that are coroutines capture nothing.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

#include "daemon/base/check.h"

namespace squall {

// Coroutine frames by size class, one free list per thread: frames are made and freed on the loop's
// own thread. Under a sanitizer every frame comes from the heap, so that its checks see it.
void* AllocateFrame(size_t size);
void FreeFrame(void* frame, size_t size);

template <typename T>
class Co;

namespace task_internal {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
    return handle.promise().continuation;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  static void* operator new(size_t size) { return AllocateFrame(size); }
  static void operator delete(void* frame, size_t size) { FreeFrame(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() const noexcept { SQUALL_CHECK(false && "exception in a coroutine"); }
};

template <typename T>
struct Promise final : PromiseBase {
  std::optional<T> value;
  Co<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
};

template <>
struct Promise<void> final : PromiseBase {
  Co<void> get_return_object();
  void return_void() const noexcept {}
};

}  // namespace task_internal

template <typename T = void>
class [[nodiscard]] Co final {
 public:
  using promise_type = task_internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Co() = default;
  explicit Co(Handle handle) : handle_(handle) {}
  Co(Co&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Co& operator=(Co&& other) noexcept {
    if (this != &other) {
      Reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Co(const Co&) = delete;
  Co& operator=(const Co&) = delete;
  ~Co() { Reset(); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle.promise().continuation = awaiting;
        return handle;
      }
      T await_resume() const {
        if constexpr (!std::is_void_v<T>) {
          return std::move(*handle.promise().value);
        }
      }
    };
    return Awaiter{handle_};
  }

  // For the owner of a root task: run it until it first suspends; ask whether it has ended.
  void Start() { handle_.resume(); }
  bool Done() const { return handle_ == nullptr || handle_.done(); }

 private:
  void Reset() {
    if (handle_ != nullptr) {
      handle_.destroy();
      handle_ = nullptr;
    }
  }
  Handle handle_ = nullptr;
};

namespace task_internal {

template <typename T>
Co<T> Promise<T>::get_return_object() {
  return Co<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Co<void> Promise<void>::get_return_object() {
  return Co<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace task_internal
}  // namespace squall
