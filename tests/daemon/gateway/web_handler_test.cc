#include "daemon/gateway/web_handler.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"
#include "web/bundle.h"

namespace squall {
namespace {

class WebHandlerTest : public testing::Test {
 protected:
  HttpReply Ask(const std::string& method, const std::string& path,
                const std::string& accept = "application/json") {
    HttpRequest request = WebRequest(method, path);
    request.headers["accept"] = accept;
    return handler_(request);
  }
  static bool IsPage(const HttpReply& reply) { return BodyOf(reply) == TheWebBundle().index_html; }

  static constexpr const char* kBrowser = "text/html,application/xhtml+xml,*/*;q=0.8";
  FakeRunHost host_;
  ManualClock clock_;
  HttpHandler handler_ = MakeWebHandler(&host_, {.clock = &clock_});
};

TEST_F(WebHandlerTest, AnswersForThePageTheApiAndLocust) {
  EXPECT_TRUE(IsPage(Ask("GET", "/", kBrowser)));
  EXPECT_EQ(Ask("GET", "/api/v1/server").status, 200);
  EXPECT_EQ(Ask("GET", "/stats/requests").status, 200);
  EXPECT_EQ(BodyOf(Ask("GET", "/healthz")), "ok\n");
}

TEST_F(WebHandlerTest, ABrowserGetsThePageForItsRoutes) {
  EXPECT_TRUE(IsPage(Ask("GET", "/runs/r-1", kBrowser)));
  EXPECT_TRUE(IsPage(Ask("GET", "/compare", kBrowser)));
  EXPECT_EQ(Ask("GET", "/runs/r-1").status, 404);
  EXPECT_EQ(Ask("POST", "/runs/r-1", kBrowser).status, 404);
  EXPECT_EQ(Ask("GET", "/api/v1/nothing", kBrowser).status, 404);
  EXPECT_EQ(Ask("GET", "/assets/app-old.js", kBrowser).status, 404);
  EXPECT_FALSE(IsPage(Ask("GET", "/tasks", kBrowser)));  // Locust's
}

TEST_F(WebHandlerTest, AnotherServerIsAnotherInstance) {
  const std::string first = BodyOf(Ask("GET", "/api/v1/server"));
  clock_.Advance(std::chrono::seconds(1));
  handler_ = MakeWebHandler(&host_, {.clock = &clock_});
  EXPECT_NE(BodyOf(Ask("GET", "/api/v1/server")), first);
}

TEST_F(WebHandlerTest, GetsThatChangeSomethingAreRoutes) {
  const std::vector<std::string> names = WebRouteNames();
  for (const std::string& path : ChangingGets()) {
    EXPECT_EQ(std::count(names.begin(), names.end(), "GET " + path), 1) << path;
  }
}

// Reads no more of YAML than how the file is laid out: paths two spaces in, methods four.
std::set<std::string> DocumentedOperations(const std::string& file) {
  std::ifstream stream(file);
  std::set<std::string> operations;
  std::string line;
  std::string path;
  bool in_paths = false;
  while (std::getline(stream, line)) {
    if (!line.empty() && line.front() != ' ' && line.front() != '#') {
      in_paths = line == "paths:";
    } else if (in_paths && line.starts_with("  /") && line.ends_with(":")) {
      path = line.substr(2, line.size() - 3);
    } else if (in_paths && line.size() > 5 && line.starts_with("    ") && line[4] != ' ') {
      std::string method = line.substr(4, line.find(':') - 4);
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      for (const char* known : {"GET", "POST", "PATCH", "PUT", "DELETE"}) {
        if (method == known) {
          operations.insert(method.append(" ").append(path));
        }
      }
    }
  }
  return operations;
}

TEST_F(WebHandlerTest, EveryRouteIsDocumentedAndNoOther) {
  const std::set<std::string> documented =
      DocumentedOperations(SQUALL_SOURCE_DIR "/docs/openapi.yaml");
  const std::vector<std::string> names = WebRouteNames();
  EXPECT_EQ(documented, std::set<std::string>(names.begin(), names.end()));
}

}  // namespace
}  // namespace squall
