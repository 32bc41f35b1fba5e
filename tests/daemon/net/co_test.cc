#include "daemon/net/co.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

// Suspends once and leaves the handle, so that a test decides when the coroutine goes on.
struct Pause {
  std::coroutine_handle<>* handle;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) const noexcept { *handle = awaiting; }
  void await_resume() const noexcept {}
};

Co<int> Double(int value) { co_return 2 * value; }

Co<void> Note(std::vector<std::string>* log, std::string text) {
  log->push_back(std::move(text));
  co_return;
}

TEST(CoTest, DoesNothingUntilItIsStarted) {
  std::vector<std::string> log;
  Co<void> task = Note(&log, "ran");
  EXPECT_TRUE(log.empty());
  EXPECT_FALSE(task.Done());
  task.Start();
  EXPECT_EQ(log, std::vector<std::string>{"ran"});
  EXPECT_TRUE(task.Done());
}

TEST(CoTest, AnEmptyOneIsDone) { EXPECT_TRUE(Co<void>().Done()); }

TEST(CoTest, HandsItsResultToTheAwaiter) {
  int result = 0;
  auto outer = [](int* out) -> Co<void> { *out = co_await Double(co_await Double(10)); };
  Co<void> task = outer(&result);
  task.Start();
  EXPECT_EQ(result, 40);
}

TEST(CoTest, MovesAResultThatCannotBeCopied) {
  auto inner = []() -> Co<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto outer = [](auto make, int* out) -> Co<void> { *out = *co_await make(); };
  int result = 0;
  Co<void> task = outer(inner, &result);
  task.Start();
  EXPECT_EQ(result, 7);
}

TEST(CoTest, GoesOnInTheAwaiterWhenTheInnerOneWakesUpLater) {
  std::coroutine_handle<> sleeping;
  std::vector<std::string> log;
  auto inner = [](std::coroutine_handle<>* handle, std::vector<std::string>* out) -> Co<int> {
    out->push_back("inner begins");
    co_await Pause{handle};
    out->push_back("inner ends");
    co_return 1;
  };
  auto outer = [](Co<int> task, std::vector<std::string>* out) -> Co<void> {
    const int value = co_await std::move(task);
    out->push_back("outer got " + std::to_string(value));
  };
  Co<void> task = outer(inner(&sleeping, &log), &log);
  task.Start();
  EXPECT_EQ(log, std::vector<std::string>{"inner begins"});
  EXPECT_FALSE(task.Done());
  sleeping.resume();
  EXPECT_EQ(log, (std::vector<std::string>{"inner begins", "inner ends", "outer got 1"}));
  EXPECT_TRUE(task.Done());
}

TEST(CoTest, DestroyingASuspendedOneDestroysWhatItHolds) {
  std::coroutine_handle<> sleeping;
  auto held = std::make_shared<int>(1);
  auto hold = [](std::shared_ptr<int> value, std::coroutine_handle<>* handle) -> Co<void> {
    co_await Pause{handle};
    *value = 2;
  };
  {
    Co<void> task = hold(held, &sleeping);
    task.Start();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 1) << "it must not have run on";
}

TEST(CoTest, MoveAssignmentDestroysTheOldOne) {
  std::coroutine_handle<> sleeping;
  auto held = std::make_shared<int>(1);
  auto hold = [](std::shared_ptr<int>, std::coroutine_handle<>* handle) -> Co<void> {
    co_await Pause{handle};
  };
  Co<void> task = hold(held, &sleeping);
  task.Start();
  task = Co<void>();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(task.Done());
}

// So many frames in turn would overflow the stack if the return were a nested resume.
// The sanitizers' code keeps no tail calls: there the rounds only have to fit.
TEST(CoTest, AwaitingInALoopDoesNotUseUpTheStack) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr int kRounds = 10'000;
#else
  constexpr int kRounds = 100'000;
#endif
  auto count = [](int times, int64_t* sum) -> Co<void> {
    for (int i = 0; i < times; ++i) {
      *sum += co_await Double(1);
    }
  };
  int64_t sum = 0;
  Co<void> task = count(kRounds, &sum);
  task.Start();
  EXPECT_EQ(sum, 2 * kRounds);
}

// Under a sanitizer frames are not pooled, so that it sees their lives.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(CoFrameTest, AFreedFrameOfTheSameClassIsUsedAgain) {
  void* first = AllocateFrame(100);
  FreeFrame(first, 100);
  void* second = AllocateFrame(120);  // 65 to 128 bytes are one class
  EXPECT_EQ(first, second);
  FreeFrame(second, 120);
}
#endif

TEST(CoFrameTest, FramesOfEverySizeAreWhole) {
  std::vector<std::pair<char*, size_t>> frames;
  for (const size_t size : {1, 63, 64, 65, 1000, 4095, 4096, 4097, 20'000}) {
    auto* frame = static_cast<char*>(AllocateFrame(size));
    std::fill(frame, frame + size, static_cast<char>(size));
    frames.emplace_back(frame, size);
  }
  for (const auto& [frame, size] : frames) {
    EXPECT_EQ(frame[0], static_cast<char>(size));
    EXPECT_EQ(frame[size - 1], static_cast<char>(size));
    FreeFrame(frame, size);
  }
}

TEST(CoFrameTest, AFrameMayBeFreedOnAnotherThread) {
  void* frame = AllocateFrame(256);
  std::thread([frame] { FreeFrame(frame, 256); }).join();
}

TEST(CoDeathTest, AnExceptionInsideIsABugAndStopsTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  auto fail = []() -> Co<void> {
    throw 1;
    co_return;
  };
  EXPECT_DEATH(
      {
        Co<void> task = fail();
        task.Start();
      },
      "exception in a coroutine");
}

}  // namespace
}  // namespace squall
