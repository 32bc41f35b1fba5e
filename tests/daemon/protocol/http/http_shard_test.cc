#include "daemon/protocol/http/http_shard.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"

namespace squall {
namespace {

class HttpShardTest : public testing::Test {
 protected:
  HttpShardTest()
      : plan_(std::make_shared<Plan>()),
        reactor_(*Reactor::Make(&clock_)),
        shard_(plan_, std::nullopt, nullptr, &everything_, reactor_.get(), &resolver_, &recorder_) {
  }

  std::unique_ptr<CompiledHttpRequest> Compile(const std::string& path, size_t number) {
    RequestStep step;
    step.path = path;
    return *CompiledHttpRequest::Make(step, *plan_, UserClass{}, number);
  }

  const SystemClock clock_;
  const std::shared_ptr<const Plan> plan_;
  const std::unique_ptr<Reactor> reactor_;
  const TargetAllowList everything_;
  Resolver resolver_;
  Recorder recorder_;
  HttpShard shard_;
};

TEST_F(HttpShardTest, BuffersGoRound) {
  std::unique_ptr<ExchangeBuffers> first = shard_.Borrow();
  const std::unique_ptr<ExchangeBuffers> second = shard_.Borrow();
  EXPECT_NE(first, second);
  const ExchangeBuffers* address = first.get();
  first->wire.reserve(1000);
  shard_.Return(std::move(first));
  const std::unique_ptr<ExchangeBuffers> again = shard_.Borrow();
  EXPECT_EQ(again.get(), address);
  EXPECT_GE(again->wire.capacity(), 1000U) << "memory that was grown stays for the next request";
}

TEST_F(HttpShardTest, MemoryOfAHugeReplyIsGivenBack) {
  std::unique_ptr<ExchangeBuffers> buffers = shard_.Borrow();
  buffers->body.assign(1 << 20, 'x');
  buffers->inflated.assign(1 << 20, 'x');
  buffers->rendered.body.assign(1 << 20, 'x');
  shard_.Return(std::move(buffers));
  buffers = shard_.Borrow();
  EXPECT_LT(buffers->body.capacity(), 1000U);
  EXPECT_LT(buffers->inflated.capacity(), 1000U);
  EXPECT_LT(buffers->rendered.body.capacity(), 1000U);
}

TEST_F(HttpShardTest, ScratchHoldsAFullHeadAndAReadBehindIt) {
  EXPECT_EQ(shard_.scratch_size(),
            HttpShard::kReceiveBytes + static_cast<size_t>(plan_->service.header_bytes_max));
}

TEST_F(HttpShardTest, EachRequestHasItsEntryAndEqualNamesShareOne) {
  const auto a = Compile("/a", 5);
  const auto b = Compile("/b", 0);
  const auto a_again = Compile("/a", 9);
  const EntryId entry = shard_.EntryOf(*a);
  EXPECT_EQ(shard_.EntryOf(*a), entry);
  EXPECT_NE(shard_.EntryOf(*b), entry);
  EXPECT_EQ(shard_.EntryOf(*a_again), entry);
  EXPECT_EQ(recorder_.Intern("GET", "/a"), entry);
}

TEST_F(HttpShardTest, TlsIsReadyForARedirectThatNeedsIt) {
  const TlsContext* tls = shard_.tls();
  EXPECT_NE(tls, nullptr);
  EXPECT_EQ(shard_.tls(), tls) << "made once";
}

}  // namespace
}  // namespace squall
