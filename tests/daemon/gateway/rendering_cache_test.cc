#include "daemon/gateway/rendering_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

class RenderingCacheTest : public testing::Test {
 protected:
  std::string Get(RenderingCache* cache, const std::string& key, const std::string& version,
                  const std::string& text) {
    const auto rendering = cache->Get(key, version, [&]() -> absl::StatusOr<std::string> {
      ++rendered_;
      return text;
    });
    return *rendering->text;
  }

  std::atomic<int> rendered_ = 0;
};

TEST_F(RenderingCacheTest, RendersOnceForEachVersion) {
  RenderingCache cache;
  EXPECT_EQ(Get(&cache, "a", "1", "x"), "x");
  EXPECT_EQ(Get(&cache, "a", "1", "y"), "x");
  EXPECT_EQ(rendered_, 1);
  EXPECT_EQ(Get(&cache, "a", "2", "y"), "y");
  EXPECT_EQ(Get(&cache, "b", "2", "z"), "z");
  EXPECT_EQ(rendered_, 3);
}

TEST_F(RenderingCacheTest, LongTextsAreCompressedToo) {
  RenderingCache cache;
  const auto rendering = cache.Get("a", "1", [] { return std::string(5000, 'x'); });
  ASSERT_NE(rendering->gzip, nullptr);
  EXPECT_LT(rendering->gzip->size(), 500u);
  const auto small = cache.Get("b", "1", [] { return std::string("x"); });
  EXPECT_EQ(small->gzip, nullptr);
}

TEST_F(RenderingCacheTest, WhatIsNotUsedGoesFirst) {
  RenderingCache cache(/*bytes_max=*/1 << 20, /*entries_max=*/2);
  Get(&cache, "a", "1", "x");
  Get(&cache, "b", "1", "x");
  Get(&cache, "a", "1", "x");
  Get(&cache, "c", "1", "x");  // b goes
  EXPECT_EQ(rendered_, 3);
  Get(&cache, "a", "1", "x");
  EXPECT_EQ(rendered_, 3);
  Get(&cache, "b", "1", "x");
  EXPECT_EQ(rendered_, 4);
}

TEST_F(RenderingCacheTest, BytesAreBounded) {
  RenderingCache cache(/*bytes_max=*/1000);
  Get(&cache, "a", "1", std::string(600, 'x'));
  Get(&cache, "b", "1", std::string(600, 'x'));
  Get(&cache, "a", "1", std::string(600, 'x'));
  EXPECT_EQ(rendered_, 3);
  // Even one that is too large is given out.
  EXPECT_EQ(Get(&cache, "c", "1", std::string(900, 'y')).size(), 900u);
}

TEST_F(RenderingCacheTest, ErrorsAreNotKept) {
  RenderingCache cache;
  const auto failed = cache.Get("a", "1", [] { return absl::NotFoundError("gone"); });
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get(&cache, "a", "1", "x"), "x");
}

TEST_F(RenderingCacheTest, ManyThreadsCostOneRendering) {
  RenderingCache cache;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Get(&cache, "a", "1", "x"), "x"); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(rendered_, 1);
}

}  // namespace
}  // namespace squall
