#include "tests/support/kube/object_writer.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tests/support/kube/builtin_rules.h"
#include "tests/support/kube/deletion.h"
#include "tests/support/kube/json_patch.h"
#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/metadata_rules.h"
#include "tests/support/kube/object_reader.h"
#include "tests/support/kube/request_body.h"
#include "tests/support/kube/schema.h"

namespace squall {
namespace {

namespace json = boost::json;

FieldManager ManagerOf(const ApiRoute& route, const ApiRequest& request, const char* operation) {
  std::string name = request.Query("fieldManager");
  if (name.empty()) {
    name = request.user_agent.substr(0, request.user_agent.find('/'));
  }
  return {name.empty() ? "unknown" : name, operation, route.type->ApiVersion(), route.subresource};
}

bool IsDryRun(const ApiRequest& request) { return request.Query("dryRun") == "All"; }

bool CountsGenerations(const FakeResource& type) {
  return type.custom || type.kind == "PodDisruptionBudget";
}

// Whether /status, /scale or "" is there to be written.
bool IsWritable(const ApiRoute& route) {
  return route.subresource.empty() || (route.subresource == "status" && route.type->has_status) ||
         (route.subresource == "scale" && route.type->has_scale());
}

void CopyField(const json::object& from, std::string_view path, json::object* to) {
  if (const json::value* const value = Dig(from, path)) {
    Plant(to, path, *value);
  } else {
    Uproot(to, path);
  }
}

// The main resource cannot write the status, and /status can write nothing else.
void KeepOtherHalf(const ApiRoute& route, const json::object& live, json::object* next) {
  if (!route.type->has_status) {
    return;
  }
  if (route.subresource != "status") {
    CopyField(live, "status", next);
    return;
  }
  json::object kept = live;
  CopyField(*next, "status", &kept);
  CopyField(*next, "metadata.managedFields", &kept);
  *next = std::move(kept);
}

// Somebody else was faster, or it is another object by now.
ApiRefusal CheckPreconditions(const ApiRoute& route, const json::object& live,
                              const json::object& next) {
  const std::string uid = DigText(next, "metadata.uid");
  const std::string version = DigText(next, "metadata.resourceVersion");
  const GroupResource type = route.type->ForErrors();
  if (!uid.empty() && uid != DigText(live, "metadata.uid")) {
    return PreconditionError(type, route.name, "UID", uid, DigText(live, "metadata.uid"));
  }
  if (!version.empty() && version != DigText(live, "metadata.resourceVersion")) {
    return StaleObjectError(type, route.name);
  }
  return std::nullopt;
}

void KeepServersMetadata(const json::object& live, bool is_apply, json::object* next) {
  for (const char* const field :
       {"name", "namespace", "generateName", "uid", "resourceVersion", "generation",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    CopyField(live, fmt::format("metadata.{}", field), next);
  }
  if (!is_apply) {
    CopyField(live, "metadata.managedFields", next);
  }
}

bool SpecChanged(json::object before, json::object after) {
  for (json::object* const object : {&before, &after}) {
    object->erase("metadata");
    object->erase("status");
  }
  return !SameJson(before, after);
}

std::string Random(Rng* rng, size_t length) {
  static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";  // as the server's
  std::string text;
  while (text.size() < length) {
    text += kLetters[rng->Below(kLetters.size())];
  }
  return text;
}

// What a PUT, or a patch that is no apply, makes of the object it is aimed at.
ApiRefusal ApplyBody(const ApiRoute& route, const ApiRequest& request, const FieldShapes& shapes,
                     json::object* target) {
  if (request.method == "PUT") {
    return ReadObjectBody(request, target);
  }
  json::value patch;
  if (ApiRefusal bad = ReadPatchBody(request, &patch)) {
    return bad;
  }
  json::value document = std::move(*target);
  const std::string_view media = MediaType(request);
  if (media == kJsonPatch) {
    if (!patch.is_array()) {
      return BadRequestError("error decoding patch: must be a list");
    }
    if (ApiRefusal bad = ApplyJsonPatch(patch.get_array(), &document)) {
      return bad;
    }
  } else if (media == kMergePatch) {
    ApplyMergePatch(patch, &document);
  } else if (media == kStrategicPatch && !route.type->custom) {
    ApplyStrategicPatch(patch, shapes, "", &document);
  } else {
    return UnsupportedMediaError(fmt::format("{}, {}, {}", kJsonPatch, kMergePatch, kApplyPatch));
  }
  if (!document.is_object()) {
    return BadRequestError("the patch makes it no object");
  }
  *target = std::move(document.get_object());
  return std::nullopt;
}

}  // namespace

std::string KubeTimestamp(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

ApiAnswer ObjectWriter::Create(const ApiRoute& route, const ApiRequest& request) {
  json::object object;
  if (ApiRefusal bad = ReadObjectBody(request, &object)) {
    return AnswerWith(*bad);
  }
  if (!route.name.empty() || (route.type->namespaced && route.ns.empty())) {
    return AnswerWith(MethodNotAllowedError());
  }
  if (ApiRefusal bad = CheckEnvelope(*route.type, route.ns, "", object)) {
    return AnswerWith(*bad);
  }
  if (!DigText(object, "metadata.resourceVersion").empty()) {
    return AnswerWith(
        BadRequestError("resourceVersion should not be set on objects to be created"));
  }
  Uproot(&object, "metadata.managedFields");
  return Insert(route, request, std::move(object), /*is_apply=*/false);
}

ApiAnswer ObjectWriter::Insert(const ApiRoute& route, const ApiRequest& request,
                               json::object object, bool is_apply) {
  const FakeResource& type = *route.type;
  ApiRoute target = route;
  target.name = DigText(object, "metadata.name");
  const std::string base = DigText(object, "metadata.generateName");
  if (target.name.empty() && !base.empty()) {
    target.name = base.substr(0, 58) + Random(rng_, 5);
    Plant(&object, "metadata.name", target.name);
  }
  if (target.name.empty()) {
    return AnswerWith(InvalidError(type.group, type.kind, "",
                                   {{"metadata.name", "FieldValueRequired",
                                     "Required value: name or generateName is required"}}));
  }
  if (ApiRefusal bad = CheckNamespace(route, target.name)) {
    return AnswerWith(*bad);
  }
  if (store_->Find(type.storage, target.Key()) != nullptr) {
    return AnswerWith(AlreadyExistsError(type.ForErrors(), target.name));
  }
  for (const char* const field : {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
                                  "generation", "resourceVersion"}) {
    Uproot(&object, fmt::format("metadata.{}", field));
  }
  if (type.namespaced) {
    Plant(&object, "metadata.namespace", route.ns);
  }
  Plant(&object, "metadata.uid", NewUid());
  const std::string now = KubeTimestamp(clock_->Wall());
  Plant(&object, "metadata.creationTimestamp", now);
  if (CountsGenerations(type)) {
    Plant(&object, "metadata.generation", 1);
  }
  if (type.has_status) {
    object.erase("status");
  }
  ApiAnswer answer;
  answer.code = 201;
  if (ApiRefusal bad = Admit(type, request, {}, &object, &answer)) {
    return AnswerWith(*bad);
  }
  if (!is_apply) {  // defaults included: the server fills them in as it reads
    RecordUpdate({}, type.shapes, ManagerOf(route, request, "Update"), now, &object);
  }
  answer.body = IsDryRun(request) ? std::move(object) : Keep(target, std::move(object));
  return answer;
}

ApiAnswer ObjectWriter::Update(const ApiRoute& route, const ApiRequest& request) {
  if (route.name.empty() || !IsWritable(route)) {
    return AnswerWith(MethodNotAllowedError());
  }
  const bool is_scale = route.subresource == "scale";
  return Change(
      route, request,
      [&](const json::object& live, json::object* next) -> ApiRefusal {
        if (ApiRefusal bad = ApplyBody(route, request, route.type->shapes, next)) {
          return bad;
        }
        const bool versioned = !DigText(*next, "metadata.resourceVersion").empty();
        if (!is_scale && !versioned && !route.type->unconditional_update) {
          return InvalidError(route.type->group, route.type->kind, route.name,
                              {{"metadata.resourceVersion", "FieldValueInvalid",
                                "Invalid value: 0x0: must be specified for an update"}});
        }
        return is_scale ? ApiRefusal()
                        : CheckEnvelope(*route.type, DigText(live, "metadata.namespace"),
                                        route.name, *next);
      },
      /*is_apply=*/false);
}

ApiAnswer ObjectWriter::Patch(const ApiRoute& route, const ApiRequest& request) {
  if (route.name.empty() || !IsWritable(route)) {
    return AnswerWith(MethodNotAllowedError());
  }
  if (MediaType(request) == kApplyPatch && route.subresource != "scale") {
    return ApplyPatch(route, request);
  }
  if (!request.Query("force").empty()) {
    return AnswerWith(InvalidError(
        "meta.k8s.io", "PatchOptions", "",
        {{"force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch"}}));
  }
  return Change(
      route, request,
      [&](const json::object&, json::object* next) {
        return ApplyBody(route, request, route.type->shapes, next);
      },
      /*is_apply=*/false);
}

ApiAnswer ObjectWriter::ApplyPatch(const ApiRoute& route, const ApiRequest& request) {
  const FakeResource& type = *route.type;
  json::object intent;
  if (ApiRefusal bad = ReadApplyBody(request, &intent)) {
    return AnswerWith(*bad);
  }
  if (ApiRefusal bad = CheckEnvelope(type, route.ns, route.name, intent)) {
    return AnswerWith(*bad);
  }
  if (type.has_status && route.subresource.empty()) {
    intent.erase("status");
  } else if (route.subresource == "status") {
    json::object half;
    for (const char* const path : {"apiVersion", "kind", "metadata.resourceVersion", "status"}) {
      CopyField(intent, path, &half);
    }
    intent = std::move(half);
  }
  json::value pruned = std::move(intent);
  if (!type.schema.empty()) {
    PruneUnknown(type.schema, &pruned);
  }
  intent = std::move(pruned.get_object());
  const auto edit = [&](const json::object& live, json::object* next) {
    return ApplyIntent(live, intent, type.shapes, ManagerOf(route, request, "Apply"),
                       request.Asks("force"), KubeTimestamp(clock_->Wall()), next);
  };
  if (store_->Find(type.storage, route.Key()) != nullptr || !route.subresource.empty()) {
    return Change(route, request, edit, /*is_apply=*/true);
  }
  if (!DigText(intent, "metadata.resourceVersion").empty()) {
    return AnswerWith(StaleObjectError(type.ForErrors(), route.name));
  }
  json::object created;
  if (ApiRefusal bad = edit({}, &created)) {
    return AnswerWith(*bad);
  }
  Plant(&created, "metadata.name", route.name);
  return Insert(route, request, std::move(created), /*is_apply=*/true);
}

ApiAnswer ObjectWriter::Change(const ApiRoute& route, const ApiRequest& request, const Edit& edit,
                               bool is_apply) {
  const FakeResource& type = *route.type;
  const StoredObject stored = store_->Find(type.storage, route.Key());
  if (stored == nullptr) {
    return AnswerWith(NotFoundError(type.ForErrors(), route.name));
  }
  const json::object live = ViewAs(type, *stored);
  const bool is_scale = route.subresource == "scale";
  json::object next = is_scale ? ScaleOf(type, live) : live;
  if (ApiRefusal bad = edit(live, &next)) {
    return AnswerWith(*bad);
  }
  if (ApiRefusal stale = CheckPreconditions(route, live, next)) {
    return AnswerWith(*stale);
  }
  if (is_scale) {
    json::object scaled = live;
    Plant(&scaled, type.replicas_path, DigInt(next, "spec.replicas"));
    next = std::move(scaled);
  }
  KeepServersMetadata(live, is_apply, &next);
  KeepOtherHalf(route, live, &next);
  ApiAnswer answer;
  if (ApiRefusal bad = Admit(type, request, live, &next, &answer)) {
    return AnswerWith(*bad);
  }
  if (!is_apply) {
    RecordUpdate(live, type.shapes, ManagerOf(route, request, "Update"),
                 KubeTimestamp(clock_->Wall()), &next);
  }
  if (CountsGenerations(type) && SpecChanged(live, next)) {
    Plant(&next, "metadata.generation", DigInt(live, "metadata.generation") + 1);
  }
  if (SameJson(live, next) || IsDryRun(request)) {
    answer.body = std::move(next);
  } else if (IsReadyToGo(next)) {
    store_->Remove(type.storage, route.Key());
    answer.body = std::move(next);
  } else {
    answer.body = Keep(route, std::move(next));
  }
  if (is_scale) {
    answer.body = ScaleOf(type, answer.body);
  }
  return answer;
}

ApiRefusal ObjectWriter::Admit(const FakeResource& type, const ApiRequest& request,
                               const json::object& live, json::object* next,
                               ApiAnswer* answer) const {
  const std::string name = DigText(*next, "metadata.name");
  std::vector<ApiCause> causes;
  if (!type.schema.empty()) {
    json::value value = std::move(*next);
    const std::vector<std::string> unknown = PruneUnknown(type.schema, &value);
    if (!unknown.empty() && request.Query("fieldValidation") == "Strict") {
      return BadRequestError(fmt::format(
          "{} in version \"{}\" cannot be handled as a {}: strict decoding error: "
          "unknown field \"{}\"",
          type.kind, type.version, type.kind, fmt::join(unknown, "\", unknown field \"")));
    }
    for (const std::string& path : unknown) {
      if (request.Query("fieldValidation") != "Ignore") {
        answer->headers.emplace_back("Warning",
                                     fmt::format(R"(299 - "unknown field \"{}\"")", path));
      }
    }
    ApplyDefaults(type.schema, &value);
    causes = Validate(type.schema, value);
    *next = std::move(value.get_object());
  }
  DefaultBuiltin(type.kind, store_->version(), next);
  const auto add = [&causes](std::vector<ApiCause> more) {
    causes.insert(causes.end(), more.begin(), more.end());
  };
  add(CheckMetadata(*next));
  const bool core_event = type.kind == "Event" && type.group.empty();
  add(CheckBuiltin(type.kind, core_event ? EventFromCore(*next) : *next));
  if (!live.empty()) {
    add(CheckMetadataChange(live, *next));
    add(CheckBuiltinChange(type.kind, live, *next));
  }
  return causes.empty() ? ApiRefusal()
                        : InvalidError(type.group, type.kind, name, std::move(causes));
}

ApiAnswer ObjectWriter::Delete(const ApiRoute& route, const ApiRequest& request) {
  if (!route.subresource.empty()) {
    return AnswerWith(MethodNotAllowedError());
  }
  json::object options;
  if (ApiRefusal bad = ReadDeleteOptions(request, &options)) {
    return AnswerWith(*bad);
  }
  return RemoveObject(route, request, options);
}

ApiAnswer ObjectWriter::RemoveObject(const ApiRoute& route, const ApiRequest& request,
                                     const json::object& options) {
  const FakeResource& type = *route.type;
  const StoredObject stored = store_->Find(type.storage, route.Key());
  if (stored == nullptr) {
    return AnswerWith(NotFoundError(type.ForErrors(), route.name));
  }
  if (ApiRefusal miss = CheckDeletePreconditions(type, *stored, options)) {
    return AnswerWith(*miss);
  }
  json::object next = *stored;
  const bool changed = MarkDeleted(type, options, clock_->Wall(), &next);
  if (changed && CountsGenerations(type)) {
    Plant(&next, "metadata.generation", DigInt(next, "metadata.generation") + 1);
  }
  ApiAnswer answer;
  const bool gone = IsReadyToGo(next);
  if (gone && !IsDryRun(request)) {
    store_->Remove(type.storage, route.Key());
  } else if (changed && !IsDryRun(request)) {
    next = *store_->Put(type.storage, route.Key(), std::move(next));
  }
  // A pod is shown as it was; of the rest only that it is gone.
  answer.body = gone && type.kind != "Pod" ? DeletedStatus(type, *stored) : ViewAs(type, next);
  return answer;
}

ApiAnswer ObjectWriter::DeleteCollection(const ApiRoute& route, const ApiRequest& request) {
  json::object options;
  ObjectSelector selector;
  ApiRefusal bad = ReadDeleteOptions(request, &options);
  bad = bad ? bad : ReadSelector(*route.type, request, &selector);
  if (bad) {
    return AnswerWith(*bad);
  }
  ApiAnswer answer = ObjectReader(store_).List(route, request);
  if (!answer.ok()) {
    return answer;
  }
  for (const json::value& item : answer.body["items"].get_array()) {
    ApiRoute one = route;
    one.name = DigText(item.get_object(), "metadata.name");
    one.ns = DigText(item.get_object(), "metadata.namespace");
    RemoveObject(one, request, options);
  }
  return answer;
}

ApiRefusal ObjectWriter::CheckNamespace(const ApiRoute& route, const std::string& name) const {
  if (!route.type->namespaced) {
    return std::nullopt;
  }
  const StoredObject ns = store_->Find("namespaces", "/" + route.ns);
  if (ns == nullptr) {
    return NotFoundError({"", "namespaces"}, route.ns);
  }
  if (DigText(*ns, "metadata.deletionTimestamp").empty()) {
    return std::nullopt;
  }
  ApiError error = ErrorOfCode(403);
  error.message = fmt::format(
      "{} \"{}\" is forbidden: unable to create new content in namespace "
      "{} because it is being terminated",
      route.type->ForErrors().ToString(), name, route.ns);
  error.causes.push_back({"metadata.namespace", "NamespaceTerminating",
                          fmt::format("namespace {} is being terminated", route.ns)});
  return error;
}

json::object ObjectWriter::Keep(const ApiRoute& route, json::object object) {
  const FakeResource& type = *route.type;
  if (type.kind == "Event" && type.group.empty()) {
    object = EventFromCore(object);
  }
  return ViewAs(type, *store_->Put(type.storage, route.Key(), std::move(object)));
}

std::string ObjectWriter::NewUid() {
  const uint64_t high = rng_->Next();
  const uint64_t low = rng_->Next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFF, low >> 52, low & 0xFFFF'FFFF'FFFF);
}

}  // namespace squall
