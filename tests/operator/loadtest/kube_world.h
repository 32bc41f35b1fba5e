// A fake API server with our CRD, a client and the caches of an operator: what the tests of this
// room that talk to Kubernetes run against. The caches are current when a test says so.
#pragma once

#include <memory>
#include <string>

#include "operator/controller/event_recorder.h"
#include "operator/controller/informer.h"
#include "operator/kube/client/kube_client.h"
#include "tests/support/kube/fake_api_server.h"

namespace squall {

// Where the core objects beside LoadTest default/peak are.
inline constexpr char kDefaultPath[] = "/api/v1/namespaces/default/";

class KubeWorld final {
 public:
  KubeWorld();
  ~KubeWorld();

  // Makes LoadTest default/peak with this spec (YAML).
  boost::json::object MakeTest(const std::string& spec);
  // As the server has it now; empty when it is gone.
  boost::json::object Get(const std::string& path) const;
  boost::json::object GetTest() const;
  boost::json::object GetPod(int index) const;
  // status.conditions: "False WaitingForPods".
  std::string Condition(const std::string& type) const;
  // Sets fields of the status of pod `index`.
  void SetPodStatus(int index, const std::string& status);
  // Returns once the caches show what the server has.
  void Sync() const;

  SystemClock clock;
  std::unique_ptr<FakeApiServer> server;
  std::unique_ptr<KubeClient> client;
  std::unique_ptr<Informer> tests;
  std::unique_ptr<Informer> pods;
  std::unique_ptr<EventSink> sink;
  std::unique_ptr<EventRecorder> events;  // not started: writes when told to

 private:
  bool Current(const Informer& informer, const std::string& collection) const;
};

}  // namespace squall
