#include "tests/operator/loadtest/kube_world.h"

#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr char kTests[] = "/apis/squall.dev/v1alpha1/namespaces/default/loadtests";
constexpr char kPodsPath[] = "/api/v1/namespaces/default/pods";

std::string CrdText() {
  std::ostringstream text;
  text << std::ifstream("charts/squall/files/loadtests.yaml").rdbuf();
  return text.str();
}

}  // namespace

KubeWorld::KubeWorld() {
  FakeApiServerOptions options;
  options.crd_yaml = CrdText();
  server = *FakeApiServer::Start(std::move(options), &clock);
  KubeConfig config;
  config.server = server->url();
  client = *KubeClient::Make(std::move(config), {}, &clock);
  tests = Informer::Make(client.get(), kLoadTests, {"default"}, "", {}, &clock);
  pods = Informer::Make(client.get(), kPods, {"default"}, "", {}, &clock);
  sink = MakeKubeEventSink(client.get());
  events = std::make_unique<EventRecorder>(EventRecorderOptions(), sink.get(), &clock);
  tests->Start();
  pods->Start();
}

KubeWorld::~KubeWorld() {
  client->Stop();
  tests->Stop();
  pods->Stop();
}

json::object KubeWorld::MakeTest(const std::string& spec) {
  json::object test = NewObject(kLoadTests, {"default", "peak"});
  test["spec"] = Yaml(spec);
  return server->Seed(kTests, json::serialize(test));
}

json::object KubeWorld::Get(const std::string& path) const {
  const ApiAnswer answer = server->cluster().Call("GET", path);
  return answer.ok() ? answer.body : json::object();
}

json::object KubeWorld::GetTest() const { return Get(fmt::format("{}/peak", kTests)); }

json::object KubeWorld::GetPod(int index) const {
  return Get(fmt::format("{}/peak-agent-{}", kPodsPath, index));
}

std::string KubeWorld::Condition(const std::string& type) const {
  const json::object test = GetTest();
  const json::object* found = ConditionOf(test, type);
  return found == nullptr
             ? "none"
             : fmt::format("{} {}", StringAt(*found, "status"), StringAt(*found, "reason"));
}

void KubeWorld::SetPodStatus(int index, const std::string& status) {
  const json::object patch = {{"status", Yaml(status)}};
  const ApiAnswer answer =
      server->cluster().Call("PATCH", fmt::format("{}/peak-agent-{}/status", kPodsPath, index),
                             json::serialize(patch), "application/merge-patch+json");
  SQUALL_CHECK(answer.ok());
}

bool KubeWorld::Current(const Informer& informer, const std::string& collection) const {
  const json::object list = Get(collection);
  const json::array* items = ArrayAt(list, "items");
  if (!informer.HasSynced() || items == nullptr || items->size() != informer.List().size()) {
    return false;
  }
  for (const json::value& item : *items) {
    const ObjectPtr cached = informer.Get(KeyOf(item.get_object()));
    if (cached == nullptr || ResourceVersion(*cached) != ResourceVersion(item.get_object())) {
      return false;
    }
  }
  return true;
}

void KubeWorld::Sync() const {
  while (!Current(*tests, kTests) || !Current(*pods, kPodsPath)) {
    std::this_thread::yield();
  }
}

}  // namespace squall
