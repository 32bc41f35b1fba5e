#include "operator/controller/health.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

class HealthTest : public testing::Test {
 protected:
  HealthTest() {
    checks_.AddLiveness("ping", [] { return true; });
    checks_.AddLiveness("workers", [this] { return workers_; });
    checks_.AddReadiness("caches", [this] { return caches_; });
  }
  // "200 text", "503 text", "404".
  std::string Ask(std::string_view target) const {
    const std::optional<HealthAnswer> answer = checks_.Answer(target);
    return answer.has_value() ? (answer->ok ? "200 " : "503 ") + answer->text : "404";
  }

  bool workers_ = true;
  bool caches_ = true;
  HealthChecks checks_;
};

TEST_F(HealthTest, SaysOkWhenAllChecksAreWell) {
  EXPECT_EQ(Ask("/healthz"), "200 ok\n");
  EXPECT_EQ(Ask("/readyz"), "200 ok\n");
  EXPECT_EQ(Ask("/healthz/"), "200 ok\n");
  EXPECT_EQ(Ask("/healthz?timeout=1s"), "200 ok\n");
}

TEST_F(HealthTest, SaysWhichCheckFailed) {
  workers_ = false;
  EXPECT_EQ(Ask("/healthz"), "503 [+]ping ok\n[-]workers failed\nhealthz check failed\n");
  EXPECT_EQ(Ask("/readyz"), "200 ok\n") << "not alive is not the same as not ready";
}

TEST_F(HealthTest, VerboseListsThemAll) {
  for (const char* target :
       {"/healthz?verbose", "/healthz?verbose=1", "/healthz?a=b&verbose", "/healthz/?verbose&a"}) {
    EXPECT_EQ(Ask(target), "200 [+]ping ok\n[+]workers ok\nhealthz check passed\n") << target;
  }
  EXPECT_EQ(Ask("/healthz?verbosely"), "200 ok\n");
}

TEST_F(HealthTest, ACheckHasAPathOfItsOwn) {
  EXPECT_EQ(Ask("/readyz/caches"), "200 ok\n");
  caches_ = false;
  EXPECT_EQ(Ask("/readyz/caches"), "503 caches failed\n");
  EXPECT_EQ(Ask("/healthz/ping"), "200 ok\n");
}

TEST_F(HealthTest, OtherPathsAreNotItsOwn) {
  for (const char* target : {"/", "/metrics", "/healthzz", "/readyz/ping", "/healthz/workers/x",
                             "/healthz//", "", "?verbose"}) {
    EXPECT_EQ(Ask(target), "404") << target;
  }
}

TEST_F(HealthTest, NoChecksAtAllAreWell) {
  EXPECT_EQ(HealthChecks().Answer("/readyz")->text, "ok\n");
}

}  // namespace
}  // namespace squall
