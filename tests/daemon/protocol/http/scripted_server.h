// A server on a raw socket that does exactly what its script says, however wrong: one script for
// each connection, in order, on one thread. After the last script nothing listens any more.
// Every read gives up after half a minute, so that a broken client fails a test and does not hang
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace squall {

// The server's end of one connection; used by the server's thread.
class HttpPeer final {
 public:
  explicit HttpPeer(int descriptor) : descriptor_(descriptor) {}

  // Head and empty line; "" when the client has closed.
  std::string ReadHead();
  // Head and the body that its Content-Length announces.
  std::string ReadRequest();
  // False when the client is gone.
  bool Send(std::string_view text);
  // Everything until the client closes.
  std::string ReadUntilClose();
  // Ends the connection with a reset.
  void Reset();
  // Passes bytes on, both ways, between the client and 127.0.0.1:port until one of them closes.
  void RelayTo(uint16_t port);

 private:
  bool Fill();

  const int descriptor_;
  std::string received_;
};

using ServerScript = std::function<void(HttpPeer*)>;

class ScriptedServer final {
 public:
  // `address` is one of 127.0.0.0/8.
  explicit ScriptedServer(std::vector<ServerScript> scripts, std::string address = "127.0.0.1");
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  uint16_t port() const { return port_; }
  // http://address:port
  std::string url() const;
  // Waits until every script has run.
  void Join();
  int connections() const;

 private:
  void Serve();

  const std::vector<ServerScript> scripts_;
  const std::string address_;
  uint16_t port_ = 0;
  const int listener_;
  mutable std::mutex mutex_;
  int current_ = -1;
  int connections_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

// A full reply with a Content-Length; `more` are further header lines, each with its \r\n.
std::string Reply(std::string_view status, std::string_view body, std::string_view more = "");
// Reads a request, sends `text` and closes.
ServerScript Once(std::string text);
// Answers one request after the other on the connection, then waits for the client to close.
ServerScript Answers(std::vector<std::string> texts);
// Reads a request, sends `text` and says no more.
ServerScript Stalls(std::string text);

// A port of 127.0.0.1 on which nothing listens.
uint16_t ClosedPort();

}  // namespace squall
