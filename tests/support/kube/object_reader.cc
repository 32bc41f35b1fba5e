#include "tests/support/kube/object_reader.h"

#include <charconv>
#include <optional>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "tests/support/kube/builtin_rules.h"
#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

ApiError BadVersion(std::string_view text) {
  return BadRequestError(
      fmt::format("resourceVersion: Invalid value: \"{}\": strconv.ParseUint: "
                  "parsing \"{}\": invalid syntax",
                  text, text));
}

// The version that a query asks for; 0 when it leaves the choice to us.
ApiRefusal ReadVersion(const ApiRequest& request, uint64_t current, uint64_t* version) {
  const std::string text = request.Query("resourceVersion");
  const auto number = Number(text);
  if (!text.empty() && !number) {
    return BadVersion(text);
  }
  *version = number.value_or(0);
  if (*version > current) {
    return TooLargeVersionError(text, std::to_string(current));
  }
  return std::nullopt;
}

// Opaque to clients, and with characters that a query must encode.
std::string Token(uint64_t version, std::string_view last_key) {
  return fmt::format("v1+{}+{}=", version, last_key);
}

bool ReadToken(std::string_view token, uint64_t* version, std::string* last_key) {
  if (!token.starts_with("v1+") || !token.ends_with('=')) {
    return false;
  }
  token.remove_prefix(3);
  const size_t plus = token.find('+');
  const auto number = Number(token.substr(0, plus));
  if (plus == std::string_view::npos || !number) {
    return false;
  }
  *version = *number;
  *last_key = token.substr(plus + 1, token.size() - plus - 2);
  return true;
}

bool InNamespace(std::string_view key, std::string_view ns) {
  return ns.empty() || (key.starts_with(ns) && key[ns.size()] == '/');
}

}  // namespace

struct ObjectReader::Page {
  uint64_t version = 0;  // what the list shows
  bool past = false;     // not the present state
  std::string after;     // a key: continue behind it
  size_t limit = SIZE_MAX;
  ObjectSelector selector;
};

json::object ViewAs(const FakeResource& type, const json::object& stored) {
  const bool core_event = type.kind == "Event" && type.group.empty();
  json::object view = core_event ? EventAsCore(stored) : stored;
  view["apiVersion"] = type.ApiVersion();
  view["kind"] = type.kind;
  return view;
}

json::object ScaleOf(const FakeResource& type, const json::object& object) {
  json::object metadata;
  for (const char* const field :
       {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const json::value* const value = Dig(object, fmt::format("metadata.{}", field))) {
      metadata[field] = *value;
    }
  }
  json::object status{{"replicas", DigInt(object, type.status_replicas_path)}};
  if (const std::string selector = DigText(object, type.selector_path); !selector.empty()) {
    status["selector"] = selector;
  }
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(metadata)},
          {"spec", json::object{{"replicas", DigInt(object, type.replicas_path)}}},
          {"status", std::move(status)}};
}

ApiRefusal ReadSelector(const FakeResource& type, const ApiRequest& request,
                        ObjectSelector* selector) {
  if (ApiRefusal bad = ParseLabelSelector(request.Query("labelSelector"), &selector->labels)) {
    return bad;
  }
  return ParseFieldSelector(request.Query("fieldSelector"), type.selectable_fields,
                            &selector->fields);
}

ApiAnswer ObjectReader::Get(const ApiRoute& route) const {
  const FakeResource& type = *route.type;
  const StoredObject found = store_->Find(type.storage, route.Key());
  if (found == nullptr) {
    return AnswerWith(NotFoundError(type.ForErrors(), route.name));
  }
  ApiAnswer answer;
  answer.body = ViewAs(type, *found);
  if (route.subresource == "scale" && type.has_scale()) {
    answer.body = ScaleOf(type, answer.body);
  } else if (route.subresource == "log" && type.kind == "Pod") {
    answer.text = "\n";
  } else if (!route.subresource.empty() && !(route.subresource == "status" && type.has_status)) {
    return AnswerWith(ErrorOfCode(404));
  }
  return answer;
}

ApiRefusal ObjectReader::ReadPage(const ApiRoute& route, const ApiRequest& request,
                                  Page* page) const {
  const uint64_t current = store_->version();
  page->version = current;
  if (ApiRefusal bad = ReadSelector(*route.type, request, &page->selector)) {
    return bad;
  }
  if (const auto limit = Number(request.Query("limit")); limit && *limit > 0) {
    page->limit = *limit;
  }
  uint64_t asked = 0;
  if (ApiRefusal bad = ReadVersion(request, current, &asked)) {
    return bad;
  }
  const std::string token = request.Query("continue");
  if (!token.empty()) {
    if (asked != 0) {
      return BadRequestError("specifying resource version is not allowed when using continue");
    }
    if (!ReadToken(token, &page->version, &page->after)) {
      return BadRequestError("continue key is not valid: illegal base64 data");
    }
    page->past = true;
  } else if (asked != 0 && request.Query("resourceVersionMatch") == "Exact") {
    page->version = asked;
    page->past = true;
  }
  if (page->past && page->version < store_->oldest(route.type->storage)) {
    return ExpiredError(
        token.empty()
            ? fmt::format("The resourceVersion for the provided list is too old.")
            : "The provided continue parameter is too old to display a consistent list result. You "
              "can start a new list without the continue parameter.");
  }
  return std::nullopt;
}

ApiAnswer ObjectReader::List(const ApiRoute& route, const ApiRequest& request) const {
  const FakeResource& type = *route.type;
  Page page;
  if (ApiRefusal bad = ReadPage(route, request, &page)) {
    return AnswerWith(*bad);
  }
  const FakeStore::Objects objects =
      page.past ? store_->AsOf(type.storage, page.version) : store_->All(type.storage);
  json::array items;
  std::string last_key;
  size_t left = 0;
  for (const auto& [key, object] : objects) {
    if (!InNamespace(key, route.ns) || (!page.after.empty() && key <= page.after)) {
      continue;
    }
    json::object view = ViewAs(type, *object);
    if (!page.selector.Matches(view)) {
      continue;
    }
    if (items.size() == page.limit) {
      ++left;
      continue;
    }
    if (!type.custom) {  // as the server leaves them out of lists of its own types
      view.erase("apiVersion");
      view.erase("kind");
    }
    items.push_back(std::move(view));
    last_key = key;
  }
  json::object metadata{{"resourceVersion", std::to_string(page.version)}};
  if (left > 0) {
    metadata["continue"] = Token(page.version, last_key);
    if (page.selector.empty()) {
      metadata["remainingItemCount"] = left;
    }
  }
  ApiAnswer answer;
  answer.body = {{"kind", type.ListKind()},
                 {"apiVersion", type.ApiVersion()},
                 {"metadata", std::move(metadata)},
                 {"items", std::move(items)}};
  return answer;
}

ApiRefusal ObjectReader::OpenWatch(const ApiRoute& route, const ApiRequest& request,
                                   WatchCursor* cursor, std::vector<json::object>* events) const {
  cursor->type = route.type;
  cursor->ns = route.ns;
  cursor->bookmarks = request.Asks("allowWatchBookmarks");
  if (ApiRefusal bad = ReadSelector(*route.type, request, &cursor->selector)) {
    return bad;
  }
  if (request.Asks("sendInitialEvents")) {
    return InvalidError(
        "meta.k8s.io", "ListOptions", "",
        {{"sendInitialEvents", "FieldValueForbidden",
          "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList "
          "feature gate is enabled"}});
  }
  if (ApiRefusal bad = ReadVersion(request, store_->version(), &cursor->position)) {
    return bad;
  }
  if (cursor->position != 0) {
    return std::nullopt;
  }
  cursor->position = store_->version();
  for (const auto& [key, object] : store_->All(route.type->storage)) {
    json::object view = ViewAs(*route.type, *object);
    if (InNamespace(key, route.ns) && cursor->selector.Matches(view)) {
      events->push_back(WatchEventOf("ADDED", std::move(view)));
    }
  }
  return std::nullopt;
}

std::vector<json::object> ObjectReader::ReadWatch(WatchCursor* cursor, bool* ended) const {
  const FakeResource& type = *cursor->type;
  if (cursor->position < store_->oldest(type.storage)) {
    *ended = true;
    const ApiError error = ExpiredError(fmt::format(
        "too old resource version: {} ({})", cursor->position, store_->oldest(type.storage)));
    return {WatchEventOf("ERROR", error.ToStatus())};
  }
  std::vector<json::object> events;
  for (const FakeChange& change : store_->ChangesOf(type.storage)) {
    if (change.version <= cursor->position || !InNamespace(change.key, cursor->ns)) {
      continue;
    }
    json::object now = ViewAs(type, *change.object);
    const bool was =
        change.previous != nullptr && cursor->selector.Matches(ViewAs(type, *change.previous));
    const bool is = change.type != FakeChange::Type::kDeleted && cursor->selector.Matches(now);
    if (is) {
      events.push_back(WatchEventOf(was ? "MODIFIED" : "ADDED", std::move(now)));
    } else if (was) {
      // The last state that the watcher was to see, with the version of the change that hid it.
      json::object last = ViewAs(type, *change.previous);
      Plant(&last, "metadata.resourceVersion", std::to_string(change.version));
      events.push_back(WatchEventOf("DELETED", std::move(last)));
    }
  }
  cursor->position = store_->version();
  return events;
}

json::object WatchEventOf(const char* type, json::object object) {
  return {{"type", type}, {"object", std::move(object)}};
}

json::object BookmarkOf(const WatchCursor& cursor) {
  return WatchEventOf(
      "BOOKMARK", {{"kind", cursor.type->kind},
                   {"apiVersion", cursor.type->ApiVersion()},
                   {"metadata", json::object{{"resourceVersion", std::to_string(cursor.position)},
                                             {"creationTimestamp", nullptr}}}});
}

}  // namespace squall
