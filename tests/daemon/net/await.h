// Runs a loop on the calling thread until one coroutine has ended, and gives its result.
#pragma once

#include <optional>
#include <utility>

#include "daemon/net/co.h"
#include "daemon/net/reactor.h"

namespace squall {

template <typename T>
Co<void> StoreAndStop(Reactor* reactor, Co<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
  reactor->Stop();
}

template <typename T>
T AwaitOn(Reactor* reactor, Co<T> task) {
  std::optional<T> result;
  Co<void> root = StoreAndStop(reactor, std::move(task), &result);
  reactor->Post([&root] { root.Start(); });
  reactor->Run();
  return *std::move(result);
}

}  // namespace squall
