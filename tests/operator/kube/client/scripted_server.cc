#include "tests/operator/kube/client/scripted_server.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "daemon/base/ascii.h"
#include "daemon/base/check.h"

namespace squall {
namespace {

X509* ReadCertificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SQUALL_CHECK(certificate != nullptr);
  return certificate;
}

SSL_CTX* MakeContext(const ScriptedTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  X509* certificate = ReadCertificate(tls.certificate_pem);
  SQUALL_CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
  X509_free(certificate);
  BIO* bio = BIO_new_mem_buf(tls.key_pem.data(), static_cast<int>(tls.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SQUALL_CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  EVP_PKEY_free(key);
  if (!tls.client_ca_pem.empty()) {
    X509* ca = ReadCertificate(tls.client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

ScriptedRequest ParseHead(std::string_view head) {
  ScriptedRequest request;
  size_t line_end = head.find("\r\n");
  std::string_view line = head.substr(0, line_end);
  const size_t space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  while (line_end + 2 < head.size()) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    line = head.substr(0, line_end);
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      std::string& value = request.headers[LowerCase(std::string(line.substr(0, colon)))];
      value += fmt::format("{}{}", value.empty() ? "" : ",", line.substr(colon + 2));
    }
  }
  return request;
}

}  // namespace

std::string AnswerText(int code, std::string_view body, std::string_view headers) {
  return fmt::format(
      "HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
      code, body.size(), headers, body);
}

std::string StreamHead() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
         "chunked\r\n\r\n";
}

std::string ChunkText(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

ScriptedPeer::~ScriptedPeer() {
  if (session_ != nullptr) {
    SSL_shutdown(session_);
    SSL_free(session_);
  }
}

std::string ScriptedPeer::ReadRaw() {
  char block[4096];
  const auto count = session_ != nullptr ? SSL_read(session_, block, sizeof block)
                                         : recv(fd_, block, sizeof block, 0);
  return count > 0 ? std::string(block, static_cast<size_t>(count)) : "";
}

std::optional<ScriptedRequest> ScriptedPeer::Read() {
  size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = ReadRaw();
    if (more.empty()) {
      return std::nullopt;
    }
    buffer_ += more;
  }
  ScriptedRequest request = ParseHead(std::string_view(buffer_).substr(0, head_end + 2));
  request.connection = number_;
  buffer_.erase(0, head_end + 4);
  const size_t length = std::strtoul(request.Header("content-length").c_str(), nullptr, 10);
  while (buffer_.size() < length) {
    const std::string more = ReadRaw();
    if (more.empty()) {
      return std::nullopt;
    }
    buffer_ += more;
  }
  request.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  on_request_(request);
  return request;
}

void ScriptedPeer::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = session_ != nullptr
                           ? SSL_write(session_, bytes.data(), static_cast<int>(bytes.size()))
                           : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return;  // the client is gone, which is for the test to notice
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void ScriptedPeer::WriteOneByOne(std::string_view bytes) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (const char& byte : bytes) {
    Write(std::string_view(&byte, 1));
  }
}

void ScriptedPeer::Linger() {
  while (!ReadRaw().empty()) {
  }
}

void ScriptedPeer::Reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

ScriptedApiServer::ScriptedApiServer(Script script, const ScriptedTls* tls)
    : script_(std::move(script)), context_(tls == nullptr ? nullptr : MakeContext(*tls)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  SQUALL_CHECK(bind(listener_, generic, length) == 0 && listen(listener_, 64) == 0);
  SQUALL_CHECK(getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedApiServer::~ScriptedApiServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Open& open : open_) {
      shutdown(open.fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (Open& open : open_) {
    open.thread.join();
    close(open.fd);
  }
  SSL_CTX_free(context_);
}

std::string ScriptedApiServer::Url() const {
  return fmt::format("{}://127.0.0.1:{}", context_ == nullptr ? "http" : "https", port_);
}

std::vector<ScriptedRequest> ScriptedApiServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ScriptedApiServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(open_.size());
}

void ScriptedApiServer::Accept() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || stopping_) {
      if (fd >= 0) {
        close(fd);
      }
      return;
    }
    const int number = static_cast<int>(open_.size());
    open_.push_back({fd, std::thread([this, fd, number] { Serve(fd, number); })});
  }
}

void ScriptedApiServer::Serve(int fd, int number) {
  // OpenSSL writes without MSG_NOSIGNAL, and clients hang up on us.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  bool reset = false;
  SSL* session = nullptr;
  if (context_ != nullptr) {
    session = SSL_new(context_);
    SSL_set_fd(session, fd);
    if (SSL_accept(session) != 1) {
      SSL_free(session);
      shutdown(fd, SHUT_RDWR);
      return;
    }
  }
  {
    ScriptedPeer peer(fd, number, session, [this](const ScriptedRequest& request) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    });
    script_(&peer);
    linger setting{};
    socklen_t length = sizeof setting;
    reset = getsockopt(fd, SOL_SOCKET, SO_LINGER, &setting, &length) == 0 && setting.l_onoff != 0;
  }
  if (reset) {
    // The number stays taken until the end, so that nobody else's descriptor is closed there.
    const int nothing = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    dup3(nothing, fd, O_CLOEXEC);  // the last reference to the connection goes: a reset
    close(nothing);
  } else {
    shutdown(fd, SHUT_RDWR);
  }
}

ScriptedApiServer::Script Answering(std::function<std::string(const ScriptedRequest&)> answer) {
  return [answer = std::move(answer)](ScriptedPeer* peer) {
    while (const std::optional<ScriptedRequest> request = peer->Read()) {
      peer->Write(answer(*request));
    }
  };
}

}  // namespace squall
