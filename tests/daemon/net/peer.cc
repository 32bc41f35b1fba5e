#include "tests/daemon/net/peer.h"

#include <arpa/inet.h>
#include <array>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

void SetPatience(int fd) {
  const timeval patience{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

template <typename T, typename Reader>
T* ReadPem(const std::string& pem, Reader reader) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  T* result = reader(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SQUALL_CHECK(result != nullptr);
  return result;
}

}  // namespace

int BindLoopback(Endpoint* endpoint) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SQUALL_CHECK(fd >= 0);
  SQUALL_CHECK(ParseIpEndpoint("127.0.0.1", 0, endpoint));
  auto* address = reinterpret_cast<sockaddr*>(&endpoint->address);
  SQUALL_CHECK(bind(fd, address, endpoint->length) == 0);
  SQUALL_CHECK(getsockname(fd, address, &endpoint->length) == 0);
  return fd;
}

Peer::Peer(std::function<void(int fd)> serve) : listener_(BindLoopback(&endpoint_)) {
  SQUALL_CHECK(listen(listener_, 8) == 0);
  thread_ = std::thread([listener = listener_, serve = std::move(serve)] {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    SetPatience(fd);
    serve(fd);
    close(fd);
  });
}

Peer::~Peer() {
  shutdown(listener_, SHUT_RDWR);  // ends an accept that still waits
  thread_.join();
  close(listener_);
}

bool SendAll(int fd, const std::string& data) {
  size_t sent = 0;
  while (sent < data.size()) {
    const ssize_t count = send(fd, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    sent += static_cast<size_t>(count);
  }
  return true;
}

std::string ReceiveExactly(int fd, size_t size) {
  std::string data(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t count = recv(fd, data.data() + got, size - got, 0);
    if (count <= 0) {
      break;
    }
    got += static_cast<size_t>(count);
  }
  data.resize(got);
  return data;
}

bool ServeTls(int fd, const TlsPeerOptions& options, const std::function<void(SSL*)>& serve) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  X509* certificate = ReadPem<X509>(options.certificate_pem, PEM_read_bio_X509);
  EVP_PKEY* key = ReadPem<EVP_PKEY>(options.key_pem, PEM_read_bio_PrivateKey);
  SQUALL_CHECK(SSL_CTX_use_certificate(context.get(), certificate) == 1);
  SQUALL_CHECK(SSL_CTX_use_PrivateKey(context.get(), key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!options.client_ca_pem.empty()) {
    X509* ca = ReadPem<X509>(options.client_ca_pem, PEM_read_bio_X509);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), SSL_free);
  SSL_set_fd(session.get(), fd);
  if (SSL_accept(session.get()) != 1) {
    return false;
  }
  serve(session.get());
  return true;
}

}  // namespace squall
