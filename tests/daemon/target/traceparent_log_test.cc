#include "daemon/target/traceparent_log.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr const char* kOne = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
constexpr const char* kTwo = "00-ffffffffffffffffffffffffffffffff-0123456789abcdef-00";

TEST(TraceparentLogTest, KeepsTheFirstOnes) {
  TraceparentLog log(1);
  log.Add(kOne);
  log.Add(kTwo);
  EXPECT_EQ(log.Json(),
            std::string(R"({"received":2,"malformed":0,"traceparents":[")") + kOne + R"("]})");
}

TEST(TraceparentLogTest, CountsWhatIsNoneAndKeepsNothingOfIt) {
  TraceparentLog log(10);
  for (const std::string& text :
       {std::string(), std::string("00-xyz"), std::string(kOne) + "0",
        std::string("01") + (kOne + 2),
        std::string(R"(00-0123456789ABCDEF0123456789abcdef-0123456789abcdef-01)")}) {
    log.Add(text);
  }
  EXPECT_EQ(log.Json(), R"({"received":5,"malformed":5,"traceparents":[]})");
}

TEST(TraceparentLogTest, StartsAgainAfterAReset) {
  TraceparentLog log(1);
  log.Add(kOne);
  log.Reset();
  log.Add(kTwo);
  EXPECT_EQ(log.Json(),
            std::string(R"({"received":1,"malformed":0,"traceparents":[")") + kTwo + R"("]})");
}

}  // namespace
}  // namespace squall
