#include "daemon/store/run_store.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/base/check.h"
#include "tests/daemon/store/store_fixture.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;
using Strings = std::vector<std::string>;

// Runs `body` in a child process, without gtest's and the sanitizers' work at its end.
pid_t Fork(const std::function<void()>& body) {
  const pid_t child = ::fork();
  SQUALL_CHECK(child >= 0);
  if (child == 0) {
    body();
    ::_exit(0);
  }
  return child;
}

int Wait(pid_t child) {
  int status = 0;
  SQUALL_CHECK(::waitpid(child, &status, 0) == child);
  return status;
}

class RunStoreTest : public testing::Test {
 protected:
  std::unique_ptr<RunStore> Open() const {
    absl::StatusOr<std::unique_ptr<RunStore>> store = RunStore::Open(path_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  const TempDirectory directory_;
  const std::string path_ = directory_.path() / "squall" / "runs.db";
};

TEST_F(RunStoreTest, TellsItsSizeAndHowOftenItWasWritten) {
  const std::unique_ptr<RunStore> store = Open();
  EXPECT_EQ(store->writes(), 0U);
  ASSERT_TRUE(store->Create(MakeRun("r", StoredState::kRunning), "plan", "settings").ok());
  ASSERT_TRUE(store->Write(ReportRecord{"r", "json", std::string(100'000, 'x')}).ok());
  EXPECT_EQ(store->writes(), 2U);
  EXPECT_GT(store->FileBytes().value(), 100'000U);
  EXPECT_FALSE(RunStore::Open(":memory:").value()->FileBytes().has_value());
}

TEST_F(RunStoreTest, EverythingSurvivesARestart) {
  const RunRecord created = MakeRun("r", StoredState::kRunning);
  const AgentRecord agent{.run_id = "r",
                          .agent_id = "a-1",
                          .address = "127.0.0.1:7071",
                          .epoch = 3,
                          .lost = true,
                          .reported_at = At(9),
                          .assignment = std::string("\0\1", 2),
                          .snapshot = "snapshot"};
  const EventRecord event{.run_id = "r", .at = At(5), .text = "agent 'a-1' is lost"};
  {
    const std::unique_ptr<RunStore> store = Open();
    ASSERT_TRUE(store->Create(created, "plan", "settings").ok());
    ASSERT_TRUE(store->Write(agent).ok());
    ASSERT_TRUE(store->Write(event).ok());
    ASSERT_TRUE(store->Write(PointRecord{"r", "all", 0, "point"}).ok());
    ASSERT_TRUE(store->Write(DocumentRecord{"r", DocumentKind::kSummary, "summary"}).ok());
    ASSERT_TRUE(store->Write(ReportRecord{"r", "json", "{}"}).ok());
  }
  const std::unique_ptr<RunStore> store = Open();
  RunRecord run = store->Get("r").value();
  EXPECT_GT(run.stored_bytes, 0);
  run.stored_bytes = 0;
  EXPECT_EQ(run, created);
  EXPECT_EQ(store->List({})->runs.size(), 1U);
  EXPECT_EQ(store->Document("r", DocumentKind::kPlan).value(), "plan");
  EXPECT_EQ(store->Document("r", DocumentKind::kSettings).value(), "settings");
  EXPECT_EQ(store->Document("r", DocumentKind::kSummary).value(), "summary");
  EXPECT_EQ(store->Agents("r").value(), std::vector{agent});
  EXPECT_EQ(store->Events("r").value(), std::vector{event});
  EXPECT_EQ(store->SeriesNames("r").value(), Strings{"all"});
  EXPECT_EQ(store->Series("r", "all").value(), (std::vector{PointRecord{"r", "all", 0, "point"}}));
  EXPECT_EQ(store->ReportFormats("r").value(), Strings{"json"});
  EXPECT_EQ(store->Report("r", "json").value(), "{}");
}

TEST_F(RunStoreTest, RunThatCannotBeCreatedLeavesNothing) {
  const std::unique_ptr<RunStore> store = Open();
  EXPECT_EQ(store->Create(MakeRun(""), "plan", "settings").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store->Create(MakeRun("r"), std::string(kBlobBytesMax + 1, 'p'), "").code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(store->Get("r").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(store->Create(MakeRun("r"), "first plan", "").ok());
  EXPECT_EQ(store->Create(MakeRun("r"), "second plan", "").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store->Document("r", DocumentKind::kPlan).value(), "first plan");
}

TEST_F(RunStoreTest, BatchIsWrittenAsAWhole) {
  const std::unique_ptr<RunStore> store = Open();
  ASSERT_TRUE(store->Create(MakeRun("r"), "", "").ok());
  const std::vector<RunWrite> tick = {
      AgentRecord{.run_id = "r", .agent_id = "a", .snapshot = "1"},
      PointRecord{"r", "all", 0, "1"},
      PointRecord{"r", "all", 1, "2"},
      EventRecord{.run_id = "r", .text = "tick"},
  };
  ASSERT_TRUE(store->WriteAll(tick).ok());
  EXPECT_EQ(store->Series("r", "all")->size(), 2U);
  EXPECT_EQ(store->Agents("r")->size(), 1U);
  EXPECT_EQ(store->Events("r")->size(), 1U);
}

TEST_F(RunStoreTest, BatchWithOneMistakeIsNotWrittenAtAll) {
  const std::unique_ptr<RunStore> store = Open();
  ASSERT_TRUE(store->Create(MakeRun("r"), "", "").ok());
  const EventRecord good{.run_id = "r", .text = "good"};
  const std::vector<RunWrite> broken_limit = {good, PointRecord{"r", "", 0, ""}};
  EXPECT_EQ(store->WriteAll(broken_limit).code(), StatusCode::kInvalidArgument);
  const std::vector<RunWrite> unknown_run = {good, EventRecord{.run_id = "gone"}};
  EXPECT_EQ(store->WriteAll(unknown_run).code(), StatusCode::kNotFound);
  EXPECT_EQ(store->Events("r")->size(), 0U);
  EXPECT_TRUE(store->WriteAll({}).ok());
}

TEST_F(RunStoreTest, FileAndItsCompanionsAreForTheirOwnerOnly) {
  const std::unique_ptr<RunStore> store = Open();
  ASSERT_TRUE(store->Create(MakeRun("r"), "a plan with a password", "").ok());
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "squall")) {
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms::mask,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4);  // the database, its log, the log's index, the lock
}

TEST_F(RunStoreTest, SecondStoreOnTheSameFileIsRefused) {
  const std::unique_ptr<RunStore> first = Open();
  const absl::Status second = RunStore::Open(path_).status();
  EXPECT_EQ(second.code(), StatusCode::kUnavailable);
  EXPECT_NE(second.message().find("must have one coordinator"), std::string::npos) << second;
  EXPECT_TRUE(first->Create(MakeRun("r"), "", "").ok());
}

TEST_F(RunStoreTest, FileThatCannotBeOpenedIsUnavailableAndLetsGoOfTheLock) {
  EXPECT_EQ(RunStore::Open(directory_.path()).status().code(), StatusCode::kUnavailable);
  std::ofstream(directory_.path() / "file") << "x";
  EXPECT_EQ(RunStore::Open(directory_.path() / "file" / "runs.db").status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(RunStore::Open("").status().code(), StatusCode::kInvalidArgument);

  std::filesystem::create_directory(directory_.path() / "squall");
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_EQ(RunStore::Open(path_).status().code(), StatusCode::kDataLoss);
  std::filesystem::remove(path_);
  EXPECT_TRUE(RunStore::Open(path_).ok());
}

TEST_F(RunStoreTest, StoreInMemoryNeedsNoFileAndMayBeOpenedTwice) {
  const std::unique_ptr<RunStore> one = RunStore::Open(":memory:").value();
  const std::unique_ptr<RunStore> two = RunStore::Open(":memory:").value();
  ASSERT_TRUE(one->Create(MakeRun("r"), "", "").ok());
  EXPECT_TRUE(one->Get("r").ok());
  EXPECT_FALSE(two->Get("r").ok());
}

TEST_F(RunStoreTest, DeletedRunMakesTheFileSmaller) {
  constexpr size_t kLarge = 8u << 20;
  {
    const std::unique_ptr<RunStore> store = Open();
    ASSERT_TRUE(store->Create(MakeRun("big"), std::string(kLarge, 'p'), "").ok());
    ASSERT_TRUE(store->Create(MakeRun("small"), "plan", "").ok());
  }
  ASSERT_GT(std::filesystem::file_size(path_), kLarge);
  {
    const std::unique_ptr<RunStore> store = Open();
    ASSERT_TRUE(store->Delete("big").ok());
    EXPECT_EQ(store->Delete("big").code(), StatusCode::kNotFound);
  }
  EXPECT_LT(std::filesystem::file_size(path_), kLarge / 8);
  EXPECT_EQ(Open()->Document("small", DocumentKind::kPlan).value(), "plan");
}

TEST_F(RunStoreTest, DeletionThatACrashInterruptedIsFinishedWhenTheStoreOpens) {
  {
    const std::unique_ptr<RunStore> store = Open();
    ASSERT_TRUE(store->Create(MakeRun("r"), "", "").ok());
    ASSERT_TRUE(store->Write(PointRecord{"r", "all", 0, "point"}).ok());
  }
  const std::unique_ptr<SqlDatabase> database =
      SqlDatabase::Open(path_, std::chrono::seconds(0)).value();
  ASSERT_TRUE(PrepareSchema(database.get()).ok());
  ASSERT_TRUE(DeleteRun(database.get(), "r").ok());  // and no sweep
  ASSERT_EQ(Count(database.get(), "SELECT COUNT(*) FROM points"), 1);
  Open();
  EXPECT_EQ(Count(database.get(), "SELECT COUNT(*) FROM points"), 0);
  EXPECT_EQ(Count(database.get(), "SELECT COUNT(*) FROM deleted_runs"), 0);
}

TEST_F(RunStoreTest, OthersWriteWhileALongRunIsDeleted) {
  const std::unique_ptr<RunStore> store = Open();
  ASSERT_TRUE(store->Create(MakeRun("long"), "", "").ok());
  ASSERT_TRUE(store->Create(MakeRun("live", StoredState::kRunning), "", "").ok());
  std::vector<RunWrite> points;
  for (int64_t index = 0; index < 60'000; ++index) {
    points.push_back(PointRecord{"long", "all", index, "point"});
  }
  ASSERT_TRUE(store->WriteAll(points).ok());
  std::atomic<int> written = 0;
  std::atomic<bool> deleted = false;
  std::thread writer([&] {
    while (!deleted) {
      EXPECT_TRUE(store->Write(EventRecord{.run_id = "live", .text = "tick"}).ok());
      ++written;
    }
  });
  while (written == 0) {
    std::this_thread::yield();
  }
  const int before = written;
  EXPECT_TRUE(store->Delete("long").ok());
  EXPECT_GE(written - before, 3);  // of some fifteen portions, each lets a waiting writer in
  deleted = true;
  writer.join();
}

TEST_F(RunStoreTest, RunningRunIsNeitherDeletedNorPruned) {
  const std::unique_ptr<RunStore> store = Open();
  ASSERT_TRUE(store->Create(MakeRun("r", StoredState::kRunning), "", "").ok());
  EXPECT_EQ(store->Delete("r").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Prune({.max_age = std::chrono::seconds(1)}, At(100)).value(), 0U);
  EXPECT_TRUE(store->Get("r").ok());
}

TEST_F(RunStoreTest, PruneDeletesTheOldestAndCountsThem) {
  const std::unique_ptr<RunStore> store = Open();
  ManualClock clock(At(0));
  for (int i = 0; i < 5; ++i) {
    RunRecord run = MakeRun(fmt::format("r{}", i));
    run.created_at = clock.Wall();
    ASSERT_TRUE(store->Create(run, std::string(1000, 'p'), "").ok());
    clock.Advance(std::chrono::hours(1));
  }
  EXPECT_EQ(store->Prune({}, clock.Wall()).value(), 0U);
  EXPECT_EQ(store->Prune({.max_age = std::chrono::hours(4)}, clock.Wall()).value(), 1U);
  EXPECT_EQ(store->Prune({.max_runs = 3}, clock.Wall()).value(), 1U);
  EXPECT_EQ(store->Prune({.max_bytes = 2000}, clock.Wall()).value(), 1U);
  EXPECT_EQ(FieldsOf(store->List({})->runs, &RunRecord::run_id), (Strings{"r4", "r3"}));
}

TEST_F(RunStoreTest, ThreadsMayWriteReadAndDeleteAtOnce) {
  const std::unique_ptr<RunStore> store = Open();
  constexpr int kWriters = 3;
  constexpr int kEvents = 60;
  std::atomic<int> errors = 0;
  const auto expect = [&](const absl::Status& status) { errors += status.ok() ? 0 : 1; };
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    const std::string run_id = fmt::format("r{}", writer);
    ASSERT_TRUE(store->Create(MakeRun(run_id, StoredState::kRunning), "", "").ok());
    threads.emplace_back([&, run_id] {
      for (int i = 0; i < kEvents; ++i) {
        const RunWrite tick[] = {EventRecord{.run_id = run_id, .text = std::to_string(i)},
                                 PointRecord{run_id, "all", i, "point"}};
        expect(store->WriteAll(tick));
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < kEvents; ++i) {
      const std::string run_id = fmt::format("short-{}", i);
      expect(store->Create(MakeRun(run_id), "plan", ""));
      expect(store->Delete(run_id));
    }
  });
  threads.emplace_back([&] {
    for (int i = 0; i < kEvents; ++i) {
      expect(store->List({}).status());
      // Event and point come in one batch: a reader never sees the one without the other.
      const size_t events = store->Events("r0")->size();
      errors += store->Series("r0", "all")->size() >= events ? 0 : 1;
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(errors, 0);
  for (int writer = 0; writer < kWriters; ++writer) {
    EXPECT_EQ(store->Events(fmt::format("r{}", writer))->size(), static_cast<size_t>(kEvents));
  }
}

TEST_F(RunStoreTest, WhatACallHasWrittenSurvivesTheKill) {
  const pid_t child = Fork([&] {
    const std::unique_ptr<RunStore> store = RunStore::Open(path_).value();
    SQUALL_CHECK(store->Create(MakeRun("r", StoredState::kRunning), "plan", "settings").ok());
    SQUALL_CHECK(store->Write(EventRecord{.run_id = "r", .text = "started"}).ok());
    ::raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(Wait(child)));
  const std::unique_ptr<RunStore> store = RunStore::Open(path_).value();
  EXPECT_EQ(store->Get("r")->state, StoredState::kRunning);
  EXPECT_EQ(store->Document("r", DocumentKind::kPlan).value(), "plan");
  EXPECT_EQ(store->Events("r")->size(), 1U);
}

TEST_F(RunStoreTest, KillInTheMiddleOfWorkLosesOnlyWhatHadNotReturned) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = Fork([&] {
    ::close(pipe_ends[0]);
    const std::unique_ptr<RunStore> store = RunStore::Open(path_).value();
    SQUALL_CHECK(store->Create(MakeRun("r", StoredState::kRunning), "", "").ok());
    for (int64_t i = 0;; ++i) {
      const RunWrite tick[] = {PointRecord{"r", "all", i, std::string(500, 'x')},
                               PointRecord{"r", "copy", i, std::string(500, 'x')}};
      SQUALL_CHECK(store->WriteAll(tick).ok());
      SQUALL_CHECK(::write(pipe_ends[1], "w", 1) == 1);
    }
  });
  ::close(pipe_ends[1]);
  // Long enough for the log to be merged into the file a few times.
  constexpr size_t kConfirmed = 3000;
  char byte = 0;
  for (size_t i = 0; i < kConfirmed; ++i) {
    ASSERT_EQ(::read(pipe_ends[0], &byte, 1), 1);
  }
  ::kill(child, SIGKILL);
  Wait(child);
  ::close(pipe_ends[0]);
  const std::unique_ptr<RunStore> store = RunStore::Open(path_).value();
  const size_t points = store->Series("r", "all")->size();
  EXPECT_GE(points, kConfirmed);
  EXPECT_EQ(store->Series("r", "copy")->size(), points) << "half of a batch was written";
}

TEST_F(RunStoreTest, SecondProcessIsRefusedWhileTheFirstLives) {
  const std::unique_ptr<RunStore> store = RunStore::Open(path_).value();
  const auto try_to_open = [&] {
    const absl::Status status = RunStore::Open(path_).status();
    const std::string holder = "process " + std::to_string(::getppid()) + " has it open";
    ::_exit(status.message().find(holder) != std::string::npos ? 42 : 1);
  };
  const int status = Wait(Fork(try_to_open));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_TRUE(store->Create(MakeRun("r"), "", "").ok());
}

}  // namespace
}  // namespace squall
