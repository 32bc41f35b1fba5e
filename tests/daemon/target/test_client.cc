#include "tests/daemon/target/test_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "daemon/target/catalogue.h"

namespace squall {
namespace {

constexpr timeval kSocketPatience = {30, 0};

std::unique_ptr<BIO, decltype(&BIO_free)> MemoryBio(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

void Trust(SSL_CTX* context, const std::string& pem) {
  X509* certificate = PEM_read_bio_X509(MemoryBio(pem).get(), nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
  X509_free(certificate);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

void Show(SSL_CTX* context, const CertificatePair& pair) {
  X509* certificate =
      PEM_read_bio_X509(MemoryBio(pair.certificate_pem).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(MemoryBio(pair.key_pem).get(), nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TargetServerOptions OnAnyPort(TargetServerOptions options) {
  options.listen = ListenAddress{"127.0.0.1", 0};
  return options;
}

}  // namespace

TestClient::TestClient(uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kSocketPatience, sizeof kSocketPatience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kSocketPatience, sizeof kSocketPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    error_ = std::strerror(errno);
  }
}

TestClient::TestClient(uint16_t port, const TestTls& tls) : TestClient(port) {
  if (error_.empty()) {
    StartTls(tls);
  }
}

TestClient::~TestClient() { ::close(descriptor_); }

void TestClient::StartTls(const TestTls& tls) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!tls.trusted_pem.empty()) {
    Trust(context_.get(), tls.trusted_pem);
  }
  if (!tls.client.certificate_pem.empty()) {
    Show(context_.get(), tls.client);
  }
  tls_.reset(SSL_new(context_.get()));
  SSL_set1_host(tls_.get(), "localhost");
  SSL_set_fd(tls_.get(), descriptor_);
  if (SSL_connect(tls_.get()) != 1) {
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    error_ = reason;
  }
}

bool TestClient::Send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = tls_ != nullptr
                             ? SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
                             : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool TestClient::Fill() {
  char block[64 << 10];
  const ssize_t size = tls_ != nullptr ? SSL_read(tls_.get(), block, sizeof block)
                                       : ::recv(descriptor_, block, sizeof block, 0);
  if (size > 0) {
    received_.append(block, static_cast<size_t>(size));
  }
  return size > 0;
}

std::string TestClient::ReadResponse() {
  size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) {
      return std::exchange(received_, "");
    }
  }
  size_t total = end + 4;
  constexpr std::string_view kLength = "Content-Length: ";
  const size_t length = received_.find(kLength);
  if (length < end) {
    size_t body = 0;
    std::from_chars(received_.data() + length + kLength.size(), received_.data() + end, body);
    total += body;
  }
  while (received_.size() < total && Fill()) {
  }
  total = std::min(total, received_.size());
  std::string response = received_.substr(0, total);
  received_.erase(0, total);
  return response;
}

std::string TestClient::ReadUntilClose() {
  while (Fill()) {
  }
  return std::exchange(received_, "");
}

std::string TestClient::Ask(std::string_view request) {
  return Send(request) ? ReadResponse() : "";
}

void TestClient::ShutdownSend() { ::shutdown(descriptor_, SHUT_WR); }

std::string Get(std::string_view path, std::string_view rest) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: target\r\n{}\r\n", path, rest);
}

std::string Post(std::string_view path, std::string_view body, std::string_view method) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: target\r\nContent-Length: {}\r\n\r\n{}", method, path,
                     body.size(), body);
}

int StatusOf(std::string_view response) {
  int status = 0;
  if (response.substr(0, 9) == "HTTP/1.1 ") {
    std::from_chars(response.data() + 9, response.data() + response.size(), status);
  }
  return status;
}

std::string BodyOf(std::string_view response) {
  const size_t end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(response.substr(end + 4));
}

RunningTarget::RunningTarget(TargetServerOptions options, StallPlan stall_plan)
    : store(DemoCatalogue()),
      counters(options.threads, TargetRouter::RouteLabels()),
      stall(clock.Now(), stall_plan),
      router({}, &store, &counters, &stall) {
  auto started =
      TargetServer::Start(OnAnyPort(std::move(options)), {&router, &stall, &counters, &clock});
  EXPECT_TRUE(started.ok()) << started.status();
  server = *std::move(started);
}

void RunningTarget::AwaitRequests(uint64_t count) const {
  while (counters.TotalRequests() < count) {
    std::this_thread::yield();
  }
}

}  // namespace squall
