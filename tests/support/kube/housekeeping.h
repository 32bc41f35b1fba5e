// The little of a cluster that lives on the other side of the API server, for tests that need it:
// a garbage collector, and a kubelet that runs no containers. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "tests/support/kube/fake_cluster.h"

namespace squall {

class Housekeeping final {
 public:
  struct Options {
    // Deletes objects whose owners are all gone, empties namespaces on their way out, and serves
    // the finalizers foregroundDeletion and orphan.
    bool garbage_collector = false;
    // Binds pods, runs them on an address of their own, and lets go those that are deleted. The
    // annotation fake.squall.dev/outcome of a pod makes it go otherwise: see OutcomeOf in the .cc.
    bool kubelet = false;
  };

  // Borrows both.
  Housekeeping(FakeCluster* cluster, const Clock* clock, Options options)
      : cluster_(cluster), clock_(clock), options_(options) {}
  ~Housekeeping() { Stop(); }
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  // A thread that tidies up after every change. Nothing when both options are off.
  void Start();
  void Stop();

  // One round of everything that is on; true when something was done. For tests without the thread.
  bool Step();

 private:
  bool StepPods();
  bool StepPod(const boost::json::object& pod);

  FakeCluster* const cluster_;
  const Clock* const clock_;
  const Options options_;
  std::mutex stepping_;  // the thread's steps and a test's, one at a time
  int addresses_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace squall
