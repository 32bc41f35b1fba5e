// A stream on a real loop, driven step by step: every method runs the loop on the test's own thread
// until its step is over.
#pragma once

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/net/stream.h"
#include "tests/daemon/net/await.h"

namespace squall {

class StreamFixture : public testing::Test {
 public:
  StreamFixture() {
    signal(SIGPIPE, SIG_IGN);  // as every program of ours does; OpenSSL writes without MSG_NOSIGNAL
  }
  ~StreamFixture() override { reactor->Forget(&waiter); }

  // Never used up, unless the test fails.
  TimePoint Deadline() const { return clock.Now() + std::chrono::seconds(20); }

  NetError Connect(const Endpoint& to) {
    return AwaitOn(reactor.get(), stream.Connect(to, Deadline()));
  }
  NetError Handshake(const TlsContext& context, const std::string& server_name) {
    return AwaitOn(reactor.get(), stream.Handshake(&context, server_name, Deadline()));
  }
  // Until `size` bytes are there or the connection has ended.
  std::string Read(size_t size) { return AwaitOn(reactor.get(), ReadSome(this, size)); }
  // All of it; false when the connection failed.
  bool Write(const std::string& data) { return AwaitOn(reactor.get(), WriteAll(this, &data)); }
  Wake WaitReadable(TimePoint deadline) { return AwaitOn(reactor.get(), Readable(this, deadline)); }

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor = *Reactor::Make(&clock);
  Waiter waiter;
  Stream stream{reactor.get(), &waiter};
  IoResult last;                          // of the last TrySend or TryReceive
  std::function<void()> on_write_blocks;  // called once

 private:
  static Co<std::string> ReadSome(StreamFixture* self, size_t size) {
    std::string data;
    std::array<char, size_t{16} * 1024> buffer{};
    while (data.size() < size) {
      const size_t wanted = std::min(buffer.size(), size - data.size());
      self->last = self->stream.TryReceive(buffer.data(), wanted);
      if (self->last.kind == IoResult::Kind::kDone) {
        data.append(buffer.data(), self->last.bytes);
      } else if (self->last.kind != IoResult::Kind::kWouldBlock ||
                 co_await self->stream.WaitReadable(self->Deadline()) != Wake::kReady) {
        break;
      }
    }
    co_return data;
  }

  static Co<bool> WriteAll(StreamFixture* self, const std::string* data) {
    size_t sent = 0;
    while (sent < data->size()) {
      self->last = self->stream.TrySend(data->data() + sent, data->size() - sent);
      if (self->last.kind == IoResult::Kind::kDone) {
        sent += self->last.bytes;
        continue;
      }
      if (self->last.kind != IoResult::Kind::kWouldBlock) {
        co_return false;
      }
      if (const auto blocked = std::exchange(self->on_write_blocks, nullptr); blocked) {
        blocked();
      }
      if (co_await self->stream.WaitWritable(self->Deadline()) != Wake::kReady) {
        co_return false;
      }
    }
    co_return true;
  }

  static Co<Wake> Readable(StreamFixture* self, TimePoint deadline) {
    co_return co_await self->stream.WaitReadable(deadline);
  }
};

// Text that shows when a piece of it is missing or doubled.
inline std::string PatternText(size_t size) {
  std::string text(size, 'a');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i * 31 + i / 1000) % 26);
  }
  return text;
}

}  // namespace squall
