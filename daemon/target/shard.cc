#include "daemon/target/shard.h"

#include <algorithm>
#include <exception>
#include <unistd.h>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/base/check.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr int kTicksPerIdleTimeout = 8;
constexpr Nanos kTickMin = std::chrono::milliseconds(1);

}  // namespace

TargetShard::TargetShard(TargetShardContext context, FaultDice dice, asio::ssl::context* tls)
    : context_(context),
      dice_(std::move(dice)),
      tls_(tls),
      tick_(std::max(kTickMin, context.limits.idle_timeout / kTicksPerIdleTimeout)),
      work_(asio::make_work_guard(io_)),
      sweep_timer_(io_),
      drain_timer_(io_) {
  context_.dice = &dice_;
  context_.idle_ticks = kTicksPerIdleTimeout;
}

void TargetShard::Start() {
  asio::co_spawn(io_, Sweep(), [](const std::exception_ptr& bug) { SQUALL_CHECK(bug == nullptr); });
  thread_ = std::thread([this] { io_.run(); });
}

void TargetShard::Adopt(int descriptor, bool is_v6, bool from_loopback) {
  asio::post(io_, [=, this] { Serve(descriptor, is_v6, from_loopback); });
}

void TargetShard::Drain(Nanos drain_max) {
  asio::post(io_, [this, drain_max] { BeginDrain(drain_max); });
}

void TargetShard::Join() { thread_.join(); }

void TargetShard::Serve(int descriptor, bool is_v6, bool from_loopback) {
  error_code error;
  Tcp::socket socket(io_);
  if (socket.assign(is_v6 ? Tcp::v6() : Tcp::v4(), descriptor, error)) {
    ::close(descriptor);
    Add(context_.counters->connections_closed);
    return;
  }
  // Without it small answers are late, not wrong.
  error = socket.set_option(Tcp::no_delay(true), error);
  auto owned = MakeTargetSession(std::move(socket), from_loopback, tls_, &context_);
  TargetSession* session = owned.get();
  sessions_.emplace(session, std::move(owned));
  asio::co_spawn(io_, session->Run(), [this, session](const std::exception_ptr& bug) {
    SQUALL_CHECK(bug == nullptr);
    sessions_.erase(session);
    Add(context_.counters->connections_closed);
    StopTimingWhenEmpty();
  });
}

void TargetShard::BeginDrain(Nanos drain_max) {
  context_.draining = true;
  sweep_timer_.cancel();
  work_.reset();
  for (TargetSession* session : Sessions()) {
    session->Drain();
  }
  drain_timer_.expires_after(drain_max);
  drain_timer_.async_wait([this](error_code error) {
    if (!error) {
      AbortAll();
    }
  });
  StopTimingWhenEmpty();
}

asio::awaitable<void> TargetShard::Sweep() {
  while (!context_.draining) {
    sweep_timer_.expires_after(tick_);
    co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    ++context_.tick;
    for (TargetSession* session : Sessions()) {
      if (session->Expired()) {
        session->Abort();
      }
    }
  }
}

void TargetShard::AbortAll() {
  for (TargetSession* session : Sessions()) {
    session->Abort();
  }
}

// The loop ends with its last piece of work, which must not be the timer.
void TargetShard::StopTimingWhenEmpty() {
  if (context_.draining && sessions_.empty()) {
    drain_timer_.cancel();
  }
}

// A copy, so that closing a session may remove it.
std::vector<TargetSession*> TargetShard::Sessions() const {
  std::vector<TargetSession*> all;
  all.reserve(sessions_.size());
  for (const auto& [session, owned] : sessions_) {
    all.push_back(session);
  }
  return all;
}

}  // namespace squall
