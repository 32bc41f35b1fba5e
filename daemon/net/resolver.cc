#include "daemon/net/resolver.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace squall {
namespace {

constexpr Nanos kFailureTtl = std::chrono::seconds(1);
constexpr size_t kCacheEntriesMax = 10'000;

DnsAnswer Ask(const std::string& host) {
  DnsAnswer answer;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code == EAI_NONAME || code == EAI_ADDRFAMILY) {
    hints.ai_flags = 0;  // a machine with loopback only has no "configured" address
    code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  }
  if (code != 0) {
    answer.error = {NetError::Kind::kName, fmt::format("name not resolved: {}: {}",
                                                       host.substr(0, 100), gai_strerror(code))};
    return answer;
  }
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    Endpoint endpoint;
    std::memcpy(&endpoint.address, item->ai_addr, item->ai_addrlen);
    endpoint.length = item->ai_addrlen;
    answer.endpoints.push_back(endpoint);
  }
  freeaddrinfo(list);
  return answer;
}

}  // namespace

struct Resolver::State {
  struct Job {
    std::string host;
    Reactor* reactor;
    std::function<void(DnsAnswer)> done;
  };
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool closed = false;
  bool has_thread = false;
  void Work();
};

void Resolver::State::Work() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return closed || !jobs.empty(); });
    if (closed) {
      return;
    }
    Job job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    DnsAnswer answer = Ask(job.host);
    lock.lock();
    if (!closed) {
      job.reactor->Post([done = std::move(job.done), answer = std::move(answer)]() mutable {
        done(std::move(answer));
      });
    }
  }
}

Resolver::Resolver() : state_(std::make_shared<State>()) {}

Resolver::~Resolver() { Shutdown(); }

void Resolver::Lookup(std::string host, Reactor* reactor, std::function<void(DnsAnswer)> done) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->closed) {
    return;
  }
  if (!state_->has_thread && !StartThread()) {
    reactor->Post([done = std::move(done)] {
      done({{}, {NetError::Kind::kMemory, "generator out of threads to resolve names"}});
    });
    return;
  }
  state_->jobs.push_back({std::move(host), reactor, std::move(done)});
  state_->wake.notify_one();
}

// The thread shares the state and is not joined: getaddrinfo may block for tens of seconds and
// cannot be cancelled. After Shutdown it touches nothing but the shared state.
bool Resolver::StartThread() {
  try {
    std::thread([state = state_] { state->Work(); }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  state_->has_thread = true;
  return true;
}

void Resolver::Shutdown() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->closed = true;
  state_->jobs.clear();
  state_->wake.notify_one();
}

DnsCache::DnsCache(Reactor* reactor, Resolver* resolver, Nanos ttl)
    : reactor_(reactor), resolver_(resolver), ttl_(ttl), alive_(std::make_shared<bool>(true)) {}

DnsCache::~DnsCache() { *alive_ = false; }

const DnsAnswer* DnsCache::Cached(const std::string& host) {
  const auto found = entries_.find(host);
  if (found != entries_.end()) {
    const Entry& entry = found->second;
    return !entry.pending && reactor_->now() < entry.expires ? &entry.answer : nullptr;
  }
  Endpoint endpoint;
  if (!ParseIpEndpoint(host, 0, &endpoint)) {
    return nullptr;
  }
  Entry& entry = EntryOf(host);
  entry.answer.endpoints = {endpoint};
  entry.expires = Reactor::kNever;
  return &entry.answer;
}

// Makes room first: those that are out of date go, and if that does not help, all but the pending.
DnsCache::Entry& DnsCache::EntryOf(const std::string& host) {
  if (entries_.size() >= kCacheEntriesMax && !entries_.contains(host)) {
    std::erase_if(entries_, [this](const auto& item) {
      return !item.second.pending && item.second.expires <= reactor_->now();
    });
    if (entries_.size() >= kCacheEntriesMax) {
      std::erase_if(entries_, [](const auto& item) { return !item.second.pending; });
    }
  }
  return entries_[host];
}

Co<DnsAnswer> DnsCache::Resolve(std::string host, Waiter* waiter, TimePoint deadline) {
  if (const DnsAnswer* cached = Cached(host); cached != nullptr) {
    co_return *cached;
  }
  Waiting waiting{waiter, {}};
  {
    Entry& entry = EntryOf(host);
    if (!entry.pending) {
      entry.pending = true;
      resolver_->Lookup(host, reactor_, [this, host, alive = alive_](DnsAnswer answer) {
        if (*alive) {
          Finish(host, std::move(answer));
        }
      });
    }
    entry.waiting.push_back(&waiting);
  }
  const Wake wake = co_await reactor_->Suspend(waiter, deadline);
  if (wake == Wake::kReady) {
    co_return std::move(waiting.answer);
  }
  if (const auto found = entries_.find(host); found != entries_.end()) {
    std::erase(found->second.waiting, &waiting);
  }
  DnsAnswer failed;
  failed.error = wake == Wake::kCancelled
                     ? NetError{NetError::Kind::kCancelled, "cancelled"}
                     : NetError{NetError::Kind::kTimedOut, "timed out (name look-up)"};
  co_return failed;
}

void DnsCache::Finish(const std::string& host, DnsAnswer answer) {
  Entry& entry = entries_[host];
  entry.pending = false;
  entry.expires = reactor_->now() + (answer.error.ok() ? ttl_ : kFailureTtl);
  entry.answer = std::move(answer);
  // Everyone gets a copy: by the time they run, the entry may have made room for another.
  for (Waiting* waiting : std::exchange(entry.waiting, {})) {
    waiting->answer = entry.answer;
    reactor_->Resume(waiting->waiter);
  }
}

}  // namespace squall
