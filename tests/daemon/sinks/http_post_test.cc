#include "daemon/sinks/http_post.h"

#include <arpa/inet.h>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/test_receiver.h"

namespace squall {
namespace {

HttpPostOptions To(const std::string& url) {
  HttpPostOptions options;
  options.url = url;
  options.user_agent = "squall/test";
  options.timeout = std::chrono::milliseconds(300);
  return options;
}

absl::Status PostTo(const TestReceiver& receiver) { return HttpPost(To(receiver.url())).Send("x"); }

TEST(HttpPostTest, TheConnectionStaysOpen) {
  const TestReceiver receiver;
  HttpPost post(To(receiver.url()));
  EXPECT_TRUE(post.Send("one").ok());
  EXPECT_TRUE(post.Send(std::string("t\0o", 3)).ok());
  ASSERT_EQ(receiver.requests().size(), 2u);
  EXPECT_TRUE(receiver.requests()[1].ends_with(std::string("\r\n\r\nt\0o", 7)));
  EXPECT_NE(receiver.requests()[0].find("User-Agent: squall/test\r\n"), std::string::npos);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(HttpPostTest, AnswersThatAreNoSuccessSayWhy) {
  const TestReceiver bad("HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\n\r\nno such\ndb  ");
  EXPECT_EQ(PostTo(bad), absl::FailedPreconditionError("answered 400: no such db  "));
  const TestReceiver broken("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(PostTo(broken), absl::UnavailableError("answered 503"));
}

TEST(HttpPostTest, RedirectsAreNotFollowed) {
  const TestReceiver other;
  const TestReceiver receiver(
      "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + other.url() + "\r\n\r\n");
  EXPECT_EQ(PostTo(receiver), absl::FailedPreconditionError("answered 302"));
  EXPECT_EQ(other.connections(), 0);
}

TEST(HttpPostTest, OneThatDoesNotAnswerIsGivenUp) {
  const TestReceiver silent("");
  EXPECT_EQ(PostTo(silent), absl::UnavailableError("does not answer in time"));
}

TEST(HttpPostTest, OneThatIsNotThereIsNoSecretInAMessage) {
  std::string url;
  {
    const TestReceiver gone;
    url = gone.url("/secret?p=hunter2");
  }
  EXPECT_EQ(HttpPost(To(url)).Send("x"), absl::UnavailableError("takes no connections"));
}

TEST(HttpPostTest, OtherProtocolsAreNotSpoken) {
  EXPECT_FALSE(HttpPost(To("file:///etc/hostname")).Send("x").ok());
}

TEST(HttpPostTest, AnAddressCanBeForbidden) {
  const TestReceiver receiver;
  HttpPostOptions options = To(receiver.url());
  options.allows_address = [](const sockaddr_storage& address) {
    return address.ss_family != AF_INET;
  };
  EXPECT_EQ(HttpPost(options).Send("x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(receiver.connections(), 0);
}

// A name with two addresses, of which outputs may go to the second alone.
HttpPostOptions ToTwoAddresses(const std::string& url, const std::string& first) {
  HttpPostOptions options = To(url);
  const std::string port = url.substr(url.rfind(':') + 1, url.rfind('/') - url.rfind(':') - 1);
  options.url = "http://two.test:" + port + "/write";
  options.resolve = "two.test:" + port + ":" + first + ",127.0.0.1";
  options.allows_address = [](const sockaddr_storage& address) {
    return address.ss_family == AF_INET &&
           reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr == htonl(INADDR_LOOPBACK);
  };
  return options;
}

TEST(HttpPostTest, OneForbiddenAddressOfANameDoesNotHideThatAnotherTookThePost) {
  const TestReceiver receiver;
  for (const char* first : {"[::1]", "127.0.0.2"}) {
    EXPECT_EQ(HttpPost(ToTwoAddresses(receiver.url(), first)).Send("x"), absl::OkStatus()) << first;
  }
  EXPECT_EQ(receiver.connections(), 2);
}

TEST(HttpPostTest, AnAllowedAddressThatIsDownIsNoForbiddenOne) {
  std::string url;
  {
    const TestReceiver gone;
    url = gone.url();
  }
  EXPECT_EQ(HttpPost(ToTwoAddresses(url, "127.0.0.2")).Send("x"),
            absl::UnavailableError("takes no connections"));
}

TEST(HttpPostTest, SeveralPostsShareTheTimeThatIsGiven) {
  const TestReceiver silent("");
  HttpPost post(To(silent.url()));
  Nanos left = std::chrono::milliseconds(50);
  EXPECT_EQ(post.Send("one", &left), absl::UnavailableError("does not answer in time"));
  EXPECT_LT(left, std::chrono::milliseconds(1));
  EXPECT_EQ(post.Send("two", &left), absl::UnavailableError("does not answer in time"));
  EXPECT_EQ(silent.connections(), 1);  // no time was left for the second
}

}  // namespace
}  // namespace squall
