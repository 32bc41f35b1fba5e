#include "operator/kube/client/kube_client.h"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/api/kube_error.h"
#include "operator/kube/client/transport.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr char kJson[] = "application/json";
constexpr char kJsonPatch[] = "application/json-patch+json";
constexpr char kMergePatch[] = "application/merge-patch+json";
constexpr char kApplyPatch[] = "application/apply-patch+yaml";  // JSON is YAML
constexpr int kPagesMax = 100'000;

std::string_view PropagationName(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "Background";
}

int64_t WholeSeconds(Nanos span) {
  return std::max<int64_t>(1, std::chrono::floor<std::chrono::seconds>(span).count());
}

std::string Target(const std::string& path, const std::string& query) {
  return query.empty() ? path : fmt::format("{}?{}", path, query);
}

// "get pods a/b", "apply loadtests a/b status", "list pods in all namespaces".
std::string What(std::string_view verb, const ResourceType& type, const ObjectKey& key,
                 std::string_view subresource) {
  return fmt::format("{} {} {}{}{}", verb, type.plural, key.ToString(),
                     subresource.empty() ? "" : " ", subresource);
}

std::string WhatOfAll(std::string_view verb, const ResourceType& type, std::string_view ns) {
  if (!type.namespaced) {
    return fmt::format("{} {}", verb, type.plural);
  }
  return ns.empty() ? fmt::format("{} {} in all namespaces", verb, type.plural)
                    : fmt::format("{} {} in {}", verb, type.plural, ns);
}

// Servers leave out in a list what the list says once.
void NameType(const ResourceType& type, json::object* object) {
  if (!object->contains("apiVersion")) {
    (*object)["apiVersion"] = type.ApiVersion();
  }
  if (!object->contains("kind")) {
    (*object)["kind"] = json::string_view(type.kind.data(), type.kind.size());
  }
}

}  // namespace

class KubeClient::Impl {
 public:
  Impl(KubeConfig config, KubeClientOptions options, std::unique_ptr<Transport> transport)
      : config_(std::move(config)),
        options_(std::move(options)),
        transport_(std::move(transport)) {}

  const KubeConfig& config() const { return config_; }
  const KubeClientOptions& options() const { return options_; }
  Transport& transport() { return *transport_; }

  // The server gives up when we would.
  void AddTimeout(std::string* query) const {
    AddQuery(query, "timeout", fmt::format("{}s", WholeSeconds(options_.request_timeout)));
  }

  std::string WriteQuery(bool force) const {
    std::string query;
    AddQuery(&query, "fieldManager", options_.field_manager);
    AddQuery(&query, "force", force ? "true" : "");
    AddQuery(&query, "fieldValidation", "Strict");
    AddTimeout(&query);
    return query;
  }

  absl::StatusOr<json::object> CallForObject(const ApiCall& call) {
    SQUALL_ASSIGN_OR_RETURN(const std::string body, transport_->Call(call));
    absl::StatusOr<json::object> object = ParseJsonObject(body);
    if (!object.ok()) {
      return absl::UnavailableError(
          fmt::format("{}: the answer {}", call.what, std::string(object.status().message())));
    }
    return object;
  }

  absl::StatusOr<json::object> Write(std::string what, std::string method, const std::string& path,
                                     const char* content_type, const json::value& body,
                                     bool repeatable) {
    ApiCall call;
    call.what = std::move(what);
    call.method = std::move(method);
    call.target = Target(path, WriteQuery(/*force=*/content_type == kApplyPatch));
    call.content_type = content_type;
    call.body = json::serialize(body);
    call.repeatable = repeatable;
    return CallForObject(call);
  }

  // All pages from the first; 410 when they expire on the way.
  absl::StatusOr<ObjectList> ListPages(const ResourceType& type, std::string_view ns,
                                       const ListOptions& options, int limit) {
    ObjectList list;
    std::string more;
    for (int page = 0; page < kPagesMax; ++page) {
      std::string query;
      AddQuery(&query, "limit", limit > 0 ? std::to_string(limit) : "");
      AddQuery(&query, "labelSelector", options.label_selector);
      AddQuery(&query, "fieldSelector", options.field_selector);
      AddQuery(&query, "continue", more);
      AddTimeout(&query);
      ApiCall call;
      call.what = WhatOfAll("list", type, ns);
      call.method = "GET";
      call.target = Target(ResourcePath(type, ns), query);
      SQUALL_ASSIGN_OR_RETURN(json::object answer, CallForObject(call));
      TakeItems(type, &answer, &list.items);
      list.resource_version = ResourceVersion(answer);
      more = StringAt(answer, "metadata.continue");
      if (more.empty()) {
        return list;
      }
    }
    return absl::UnavailableError(
        fmt::format("{}: must end after {} pages", WhatOfAll("list", type, ns), kPagesMax));
  }

 private:
  static void TakeItems(const ResourceType& type, json::object* answer,
                        std::vector<json::object>* items) {
    json::value* array = answer->if_contains("items");
    if (array == nullptr || !array->is_array()) {
      return;  // null: Go's empty list
    }
    for (json::value& item : array->get_array()) {
      if (item.is_object()) {
        NameType(type, &item.get_object());
        StripManagedFields(&item.get_object());
        items->push_back(std::move(item.get_object()));
      }
    }
  }

  const KubeConfig config_;
  const KubeClientOptions options_;
  const std::unique_ptr<Transport> transport_;
};

absl::StatusOr<std::unique_ptr<KubeClient>> KubeClient::Make(KubeConfig config,
                                                             KubeClientOptions options,
                                                             const Clock* clock) {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                          Transport::Make(config, options, clock));
  return std::unique_ptr<KubeClient>(new KubeClient(
      std::make_unique<Impl>(std::move(config), std::move(options), std::move(transport))));
}

KubeClient::KubeClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

KubeClient::~KubeClient() = default;

absl::StatusOr<json::object> KubeClient::Get(const ResourceType& type, const ObjectKey& key,
                                             std::string_view subresource) {
  std::string query;
  impl_->AddTimeout(&query);
  ApiCall call;
  call.what = What("get", type, key, subresource);
  call.method = "GET";
  call.target = Target(ResourcePath(type, key.ns, key.name, subresource), query);
  return impl_->CallForObject(call);
}

absl::StatusOr<json::object> KubeClient::Create(const ResourceType& type,
                                                const json::object& object,
                                                std::string_view subresource) {
  const ObjectKey key = KeyOf(object);
  // An object is made in its collection, a subresource (an eviction) below its object.
  const std::string path =
      ResourcePath(type, key.ns, subresource.empty() ? "" : key.name, subresource);
  return impl_->Write(What("create", type, key, subresource), "POST", path, kJson, object,
                      /*repeatable=*/false);
}

absl::StatusOr<json::object> KubeClient::Update(const ResourceType& type,
                                                const json::object& object,
                                                std::string_view subresource) {
  const ObjectKey key = KeyOf(object);
  return impl_->Write(What("update", type, key, subresource), "PUT",
                      ResourcePath(type, key.ns, key.name, subresource), kJson, object,
                      /*repeatable=*/!ResourceVersion(object).empty());
}

absl::StatusOr<json::object> KubeClient::Apply(const ResourceType& type, const json::object& intent,
                                               std::string_view subresource) {
  const ObjectKey key = KeyOf(intent);
  json::object named = intent;
  NameType(type, &named);
  return impl_->Write(What("apply", type, key, subresource), "PATCH",
                      ResourcePath(type, key.ns, key.name, subresource), kApplyPatch, named,
                      /*repeatable=*/true);
}

absl::StatusOr<json::object> KubeClient::JsonPatch(const ResourceType& type, const ObjectKey& key,
                                                   const json::array& patch,
                                                   std::string_view subresource) {
  return impl_->Write(What("patch", type, key, subresource), "PATCH",
                      ResourcePath(type, key.ns, key.name, subresource), kJsonPatch, patch,
                      /*repeatable=*/false);
}

absl::StatusOr<json::object> KubeClient::MergePatch(const ResourceType& type, const ObjectKey& key,
                                                    const json::object& patch,
                                                    std::string_view subresource) {
  return impl_->Write(What("patch", type, key, subresource), "PATCH",
                      ResourcePath(type, key.ns, key.name, subresource), kMergePatch, patch,
                      /*repeatable=*/!ResourceVersion(patch).empty());
}

absl::Status KubeClient::Delete(const ResourceType& type, const ObjectKey& key,
                                const DeleteOptions& options) {
  json::object body{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  const std::string_view propagation = PropagationName(options.propagation);
  body["propagationPolicy"] = json::string_view(propagation.data(), propagation.size());
  if (options.grace_seconds) {
    body["gracePeriodSeconds"] = *options.grace_seconds;
  }
  if (!options.uid.empty()) {
    body["preconditions"] = json::object{{"uid", options.uid}};
  }
  std::string query;
  impl_->AddTimeout(&query);
  ApiCall call;
  call.what = What("delete", type, key, "");
  call.method = "DELETE";
  call.target = Target(ResourcePath(type, key.ns, key.name), query);
  call.content_type = kJson;
  call.body = json::serialize(body);
  call.repeatable = !options.uid.empty();
  return impl_->transport().Call(call).status();
}

absl::StatusOr<ObjectList> KubeClient::List(const ResourceType& type, std::string_view ns,
                                            const ListOptions& options) {
  absl::StatusOr<ObjectList> list = impl_->ListPages(type, ns, options, options.limit);
  if (absl::IsOutOfRange(list.status()) && options.limit > 0) {
    // In one piece, which cannot expire.
    list = impl_->ListPages(type, ns, options, /*limit=*/0);
  }
  return list;
}

absl::Status KubeClient::Watch(const ResourceType& type, std::string_view ns,
                               const KubeWatchOptions& options,
                               const std::function<void(WatchEvent)>& on_event, StopSignal* stop) {
  const int64_t timeout_seconds = WholeSeconds(options.timeout);
  std::string query;
  AddQuery(&query, "watch", "true");
  AddQuery(&query, "allowWatchBookmarks", "true");
  AddQuery(&query, "timeoutSeconds", std::to_string(timeout_seconds));
  AddQuery(&query, "resourceVersion", options.resource_version);
  AddQuery(&query, "labelSelector", options.label_selector);
  AddQuery(&query, "fieldSelector", options.field_selector);
  ApiCall call;
  call.what = WhatOfAll("watch", type, ns);
  call.method = "GET";
  call.target = Target(ResourcePath(type, ns), query);

  WatchFrames frames;
  const auto take = [&](std::string_view data) -> absl::Status {
    SQUALL_RETURN_IF_ERROR(frames.Add(data));
    while (const std::optional<std::string_view> line = frames.Next()) {
      SQUALL_ASSIGN_OR_RETURN(std::optional<WatchEvent> event, ParseWatchEvent(*line));
      if (event) {
        StripManagedFields(&event->object);
        on_event(*std::move(event));
      }
    }
    return absl::OkStatus();
  };
  const Nanos patience =
      std::chrono::seconds(timeout_seconds) + impl_->options().watch_stall_margin;
  SQUALL_RETURN_IF_ERROR(impl_->transport().Stream(call, patience, take, stop));
  if (frames.pending() > 0) {
    return absl::UnavailableError(fmt::format("{}: ended in the middle of an event", call.what));
  }
  return absl::OkStatus();
}

absl::StatusOr<json::object> KubeClient::GetRaw(std::string_view path) {
  ApiCall call;
  call.what = fmt::format("get {}", path);
  call.method = "GET";
  call.target = std::string(path);
  return impl_->CallForObject(call);
}

void KubeClient::Stop() { impl_->transport().Stop(); }

const KubeConfig& KubeClient::config() const { return impl_->config(); }

const std::string& KubeClient::field_manager() const { return impl_->options().field_manager; }

}  // namespace squall
