#include "daemon/target/counters.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, kTargetMethodCount> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

uint64_t Read(const TargetCounters::Count& count) { return count.load(std::memory_order_relaxed); }

}  // namespace

TargetMethod ParseTargetMethod(std::string_view method) {
  for (size_t i = 0; i + 1 < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == method) {
      return static_cast<TargetMethod>(i);
    }
  }
  return TargetMethod::kOther;
}

std::string_view TargetMethodName(TargetMethod method) {
  return kMethodNames.at(static_cast<size_t>(method));
}

TargetCounters::TargetCounters(size_t threads, std::vector<std::string> routes)
    : routes_(std::move(routes)) {
  SQUALL_CHECK(routes_.size() <= kRoutesMax);
  for (size_t i = 0; i < threads; ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
}

uint64_t TargetCounters::TotalRequests() const {
  uint64_t total = 0;
  for (const auto& slot : slots_) {
    for (const auto& by_method : slot->requests) {
      for (const Count& count : by_method) {
        total += Read(count);
      }
    }
  }
  return total;
}

uint64_t TargetCounters::Sum(Count Slot::*field) const {
  uint64_t total = 0;
  for (const auto& slot : slots_) {
    total += Read(slot.get()->*field);
  }
  return total;
}

size_t TargetCounters::OpenConnections() const {
  const uint64_t closed = Sum(&Slot::connections_closed);
  const uint64_t opened = Read(open_at_reset_) + Sum(&Slot::connections_accepted);
  return opened > closed ? opened - closed : 0;
}

std::string TargetCounters::Json() const {
  boost::json::object requests;
  for (size_t route = 0; route < routes_.size(); ++route) {
    for (size_t method = 0; method < kTargetMethodCount; ++method) {
      uint64_t count = 0;
      for (const auto& slot : slots_) {
        count += Read(slot->requests[route][method]);
      }
      if (count > 0) {
        requests[fmt::format("{} {}", kMethodNames[method], routes_[route])] = count;
      }
    }
  }
  boost::json::object responses;
  for (size_t status = 0; status < kStatusMax; ++status) {
    uint64_t count = 0;
    for (const auto& slot : slots_) {
      count += Read(slot->responses[status]);
    }
    if (count > 0) {
      responses[fmt::format("{}", status)] = count;
    }
  }
  return boost::json::serialize(boost::json::object{
      {"requests", std::move(requests)},
      {"total", TotalRequests()},
      {"malformed", Sum(&Slot::malformed)},
      {"responses", std::move(responses)},
      {"connections",
       {{"accepted", Sum(&Slot::connections_accepted)},
        {"refused", Sum(&Slot::connections_refused)},
        {"open", OpenConnections()}}},
      {"bytes", {{"received", Sum(&Slot::bytes_received)}, {"sent", Sum(&Slot::bytes_sent)}}},
  });
}

void TargetCounters::Reset() {
  for (const auto& slot : slots_) {
    const uint64_t accepted = slot->connections_accepted.exchange(0);
    const uint64_t closed = slot->connections_closed.exchange(0);
    open_at_reset_ += accepted - closed;
    for (auto& by_method : slot->requests) {
      for (Count& count : by_method) {
        count = 0;
      }
    }
    for (Count& count : slot->responses) {
      count = 0;
    }
    slot->malformed = 0;
    slot->connections_refused = 0;
    slot->bytes_received = 0;
    slot->bytes_sent = 0;
  }
}

}  // namespace squall
