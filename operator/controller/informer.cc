#include "operator/controller/informer.h"

#include "operator/kube/api/object.h"

namespace squall {

Informer::Informer(ReflectorOptions options,
                   std::vector<std::pair<std::string, std::unique_ptr<ListWatcher>>> sources,
                   const Clock* clock)
    : resource_(options.resource) {
  for (auto& [ns, source] : sources) {
    options.ns = ns;
    options.seed += 2;  // a reflector uses two
    const ReflectorSink sink{
        [this, ns, first = true](std::vector<boost::json::object> objects) mutable {
          OnReplace(ns, std::exchange(first, false), std::move(objects));
        },
        [this](WatchEvent event) { Tell(cache_.Apply(std::move(event))); }};
    reflectors_.push_back(std::make_unique<Reflector>(options, source.get(), sink, clock));
    sources_.push_back(std::move(source));
  }
}

std::unique_ptr<Informer> Informer::Make(KubeClient* client, const ResourceType& type,
                                         std::vector<std::string> namespaces,
                                         const std::string& label_selector,
                                         ReflectorOptions options, const Clock* clock) {
  if (namespaces.empty()) {
    namespaces.emplace_back();
  }
  options.resource = type.plural;
  std::vector<std::pair<std::string, std::unique_ptr<ListWatcher>>> sources;
  for (const std::string& ns : namespaces) {
    sources.emplace_back(ns, MakeKubeListWatcher(client, type, ns, label_selector));
  }
  return std::make_unique<Informer>(std::move(options), std::move(sources), clock);
}

Informer::~Informer() { Stop(); }

void Informer::AddHandler(Handler handler) { handlers_.push_back(std::move(handler)); }

void Informer::Start() {
  for (const auto& reflector : reflectors_) {
    reflector->Start();
  }
}

void Informer::Stop() {
  for (const auto& reflector : reflectors_) {
    reflector->Stop();
  }
}

bool Informer::HasSynced() const {
  for (const auto& reflector : reflectors_) {
    if (!reflector->synced()) {
      return false;
    }
  }
  return true;
}

ReflectorStats Informer::Stats() const {
  ReflectorStats sum;
  sum.synced = true;
  for (const auto& reflector : reflectors_) {
    const ReflectorStats stats = reflector->Stats();
    sum.synced = sum.synced && stats.synced;
    sum.forbidden = sum.forbidden || stats.forbidden;
    if (sum.last_error.empty()) {
      sum.last_error = stats.last_error;
    }
    for (const auto& [reason, count] : stats.lists) {
      sum.lists[reason] += count;
    }
    for (const auto& [type, count] : stats.events) {
      sum.events[type] += count;
    }
  }
  return sum;
}

void Informer::OnReplace(const std::string& ns, bool initial,
                         std::vector<boost::json::object> objects) {
  std::vector<ObjectChange> changes = cache_.Replace(ns, std::move(objects));
  for (ObjectChange& change : changes) {
    change.initial = initial;
  }
  Tell(changes);
}

void Informer::Tell(const std::vector<ObjectChange>& changes) {
  for (const ObjectChange& change : changes) {
    for (const Handler& handler : handlers_) {
      handler(change);
    }
  }
}

}  // namespace squall
