// A server on 127.0.0.1 that does to its clients what a test tells it: bytes one by one, silence,
// resets, TLS. Each connection has a thread of its own, on which the script runs.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace squall {

struct ScriptedRequest {
  int connection = 0;  // 0 for the first one that came
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // lower-case names; equal ones joined with ','
  std::string body;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// "HTTP/1.1 200 OK" with a length; `headers` are whole lines ("Retry-After: 1\r\n").
std::string AnswerText(int code, std::string_view body, std::string_view headers = "");
// The head of a watch's answer, and one chunk of it.
std::string StreamHead();
std::string ChunkText(std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

class ScriptedPeer final {
 public:
  ScriptedPeer(int fd, int number, ssl_st* session,
               std::function<void(const ScriptedRequest&)> on_request)
      : fd_(fd), number_(number), session_(session), on_request_(std::move(on_request)) {}
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  int number() const { return number_; }
  // The next request; nullopt when the client has closed.
  std::optional<ScriptedRequest> Read();
  void Write(std::string_view bytes);
  void WriteOneByOne(std::string_view bytes);
  // Until the client closes.
  void Linger();
  // Closes with a reset instead of an end.
  void Reset();
  std::string ReadRaw();  // what comes next; "" at the end

 private:
  const int fd_;
  const int number_;
  ssl_st* const session_;
  const std::function<void(const ScriptedRequest&)> on_request_;
  std::string buffer_;
};

struct ScriptedTls {
  std::string certificate_pem, key_pem;
  std::string client_ca_pem;  // clients must show a certificate of it
};

class ScriptedApiServer final {
 public:
  using Script = std::function<void(ScriptedPeer*)>;
  explicit ScriptedApiServer(Script script, const ScriptedTls* tls = nullptr);
  ~ScriptedApiServer();  // cuts every connection and waits for their scripts
  ScriptedApiServer(const ScriptedApiServer&) = delete;
  ScriptedApiServer& operator=(const ScriptedApiServer&) = delete;

  uint16_t port() const { return port_; }
  std::string Url() const;
  std::vector<ScriptedRequest> requests() const;
  int connections() const;

 private:
  struct Open {
    int fd = -1;
    std::thread thread;
  };
  void Accept();
  void Serve(int fd, int number);

  const Script script_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;  // these are guarded by mutex_
  std::list<Open> open_;
  std::vector<ScriptedRequest> requests_;
  std::thread acceptor_;
};

// Answers every request of every connection with the result of `answer`.
ScriptedApiServer::Script Answering(std::function<std::string(const ScriptedRequest&)> answer);

}  // namespace squall
