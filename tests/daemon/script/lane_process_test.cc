#include "daemon/script/lane_process.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/lane.pb.h"
#include "tests/daemon/script/fake_lane_program.h"

namespace squall {
namespace {

constexpr Nanos kLong = std::chrono::seconds(60);

// Hears the first note and the end.
class Ear final : public LaneListener {
 public:
  void OnNote(const std::string& kind, const std::string& /*json*/) override {
    if (!heard_) {
      heard_ = true;
      note_.set_value(kind);
    }
  }
  void OnEnd(const LaneEnd& end) override { end_words = end.words; }

  std::string FirstNote() { return note_.get_future().get(); }
  std::string end_words;

 private:
  bool heard_ = false;
  std::promise<std::string> note_;
};

absl::StatusOr<std::unique_ptr<LaneProcess>> Start(const std::string& mode, Ear* ear,
                                                   const Clock* clock) {
  LaneProcessOptions options;
  options.program = FakeLaneProgram();
  options.arguments = {"--channel-fd", "3", "--role", "local", "--", mode};
  return LaneProcess::Start(std::move(options), ear, clock);
}

TEST(LaneProcessTest, NotesGoBothWaysAndTheEndIsTold) {
  const SystemClock clock;
  Ear ear;
  const auto process = Start("does all well", &ear, &clock);
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(ear.FirstNote(), "loaded");
  ASSERT_TRUE((*process)->SendNote("finish", R"({"exit_code":4})").ok());
  ASSERT_TRUE((*process)->WaitForEnd(kLong));
  EXPECT_EQ((*process)->ended()->exit_code, 4);
  EXPECT_EQ(ear.end_words, "exited with code 4");
}

TEST(LaneProcessTest, ToSendToOneThatHasEndedSaysHowItEnded) {
  const SystemClock clock;
  Ear ear;
  const auto process = Start("exits before loading", &ear, &clock);
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_TRUE((*process)->WaitForEnd(kLong));
  const absl::Status status = (*process)->SendNote("finish", "{}");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "the process of the locustfile exited with code 7");
}

TEST(LaneProcessTest, KillingItTellsWhy) {
  const SystemClock clock;
  Ear ear;
  const auto process = Start("does all well", &ear, &clock);
  ASSERT_TRUE(process.ok()) << process.status();
  (*process)->KillAt(TimePoint{}, "it was in the way");
  ASSERT_TRUE((*process)->WaitForEnd(kLong));
  EXPECT_EQ((*process)->ended()->words, "was killed: it was in the way");
  EXPECT_FALSE((*process)->ended()->exit_code.has_value());
}

TEST(LaneProcessTest, AMessageLargerThanTheSocketTakesIsNotWaitedFor) {
  const SystemClock clock;
  Ear ear;
  const auto process = Start("does all well", &ear, &clock);
  ASSERT_TRUE(process.ok()) << process.status();
  const std::string json = "{\"x\":\"" + std::string(size_t{8} << 20, 'x') + "\"}";
  ASSERT_TRUE((*process)->SendNote("message", json).ok());
  ASSERT_TRUE((*process)->SendNote("finish", R"({"exit_code":0})").ok());
  ASSERT_TRUE((*process)->WaitForEnd(kLong));
  EXPECT_EQ((*process)->ended()->exit_code, 0);
  EXPECT_TRUE((*process)->idle());
}

}  // namespace
}  // namespace squall
