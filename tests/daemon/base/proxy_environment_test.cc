#include "daemon/base/proxy_environment.h"

#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Variables = std::map<std::string, std::string>;

// Each test has an environment of its own.
class ProxyEnvironmentTest : public testing::Test {
 protected:
  ProxyEnvironmentTest() {
    for (const std::string& name : kNames) {
      unsetenv(name.c_str());
      unsetenv(("SQUALL_ASIDE_" + name).c_str());
    }
  }
  static void Set(const Variables& variables) {
    for (const auto& [name, value] : variables) {
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  // Those that are set.
  Variables Now() const {
    Variables now;
    for (const std::string& name : kNames) {
      // tidy-allow(getenv): it is what is tested
      if (const char* value = std::getenv(name.c_str()); value != nullptr) {
        now[name] = value;
      }
    }
    return now;
  }

  const std::vector<std::string> kNames = {
      "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY",  "grpc_proxy", "no_proxy",    "NO_PROXY",    "no_grpc_proxy"};
};

TEST_F(ProxyEnvironmentTest, ProxiesThatAreSetAsideAreThereAgainForAProgramThatTakesThemBack) {
  const Variables variables = {{"http_proxy", "a"},  {"HTTP_PROXY", "b"}, {"https_proxy", "c"},
                               {"HTTPS_PROXY", "d"}, {"all_proxy", "e"},  {"ALL_PROXY", "f"},
                               {"grpc_proxy", "g"},  {"no_proxy", "host"}};
  Set(variables);
  SetProxiesAside();
  EXPECT_EQ(Now(), (Variables{{"no_proxy", "host"}}));
  SetProxiesAside();  // squall, then the squalld that it has started
  EXPECT_EQ(Now(), (Variables{{"no_proxy", "host"}}));
  TakeProxiesBack();
  EXPECT_EQ(Now(), variables);
}

TEST_F(ProxyEnvironmentTest, AnEmptyVariableAndALongListOfExceptionsAreNoProxy) {
  EXPECT_FALSE(NamesProxy({{"http_proxy", ""}, {"no_proxy", "a"}, {"PATH", "/bin"}}));
  EXPECT_TRUE(NamesProxy({{"ALL_PROXY", "a"}}));
}

TEST_F(ProxyEnvironmentTest, NothingIsTakenBackWhereNothingWasSetAside) {
  Set({{"http_proxy", "a"}});
  TakeProxiesBack();
  EXPECT_EQ(Now(), (Variables{{"http_proxy", "a"}}));
}

TEST_F(ProxyEnvironmentTest, AHostIsAddedToThoseThatAreCalledWithoutAProxy) {
  CallWithoutProxy("c");
  EXPECT_EQ(Now(), Variables());  // no proxy, nothing to add
  Set({{"http_proxy", "a"}});
  CallWithoutProxy("");
  EXPECT_EQ(Now(), (Variables{{"http_proxy", "a"}}));
  CallWithoutProxy("c");
  EXPECT_EQ(Now()["no_proxy"], "c");
  CallWithoutProxy("::1");
  EXPECT_EQ(Now()["no_proxy"], "c,::1");
  EXPECT_FALSE(Now().contains("no_grpc_proxy"));
}

TEST_F(ProxyEnvironmentTest, TheOtherListsOfSuchHostsHoldOn) {
  Set({{"grpc_proxy", "a"}, {"NO_PROXY", "upper"}, {"no_grpc_proxy", "grpc"}});
  CallWithoutProxy("c");
  EXPECT_EQ(Now()["no_proxy"], "upper,c");
  EXPECT_EQ(Now()["no_grpc_proxy"], "grpc,c");
  Set({{"no_grpc_proxy", ""}});
  CallWithoutProxy("d");
  EXPECT_EQ(Now()["no_proxy"], "upper,c,d");
  EXPECT_EQ(Now()["no_grpc_proxy"], "d");
}

TEST_F(ProxyEnvironmentTest, EveryHostStaysEveryHost) {
  Set({{"http_proxy", "a"}, {"no_proxy", "*"}});
  CallWithoutProxy("c");
  EXPECT_EQ(Now()["no_proxy"], "*");
  EXPECT_EQ(Now()["no_grpc_proxy"], "c");
}

}  // namespace
}  // namespace squall
