#include "tests/support/kube/table_view.h"

#include <algorithm>
#include <ctime>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

struct Column {
  std::string name;
  std::string type;
  std::string path;
  int64_t priority = 0;
};

std::vector<Column> ColumnsOf(const FakeResource& type) {
  std::vector<Column> columns{{"Name", "string", ".metadata.name"}};
  for (const json::value& column : type.columns) {
    const json::object& known = column.as_object();
    columns.push_back({DigText(known, "name"), DigText(known, "type"), DigText(known, "jsonPath"),
                       DigInt(known, "priority")});
  }
  if (type.kind == "Pod") {
    columns.push_back({"Status", "string", ".status.phase"});
    columns.push_back({"IP", "string", ".status.podIP", 1});
  } else if (type.kind == "Event") {
    const bool core = type.group.empty();
    columns.push_back({"Type", "string", ".type"});
    columns.push_back({"Reason", "string", ".reason"});
    columns.push_back({"Message", "string", core ? ".message" : ".note"});
  } else if (type.kind == "Lease") {
    columns.push_back({"Holder", "string", ".spec.holderIdentity"});
  }
  if (type.columns.empty()) {
    columns.push_back({"Age", "date", ".metadata.creationTimestamp"});
  }
  return columns;
}

// "5d", "3h", "7m", "12s": coarser than kubectl's own.
std::string Age(std::string_view timestamp, WallTime now) {
  std::tm parts{};
  if (::strptime(std::string(timestamp).c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) {
    return "<unknown>";
  }
  const int64_t then = ::timegm(&parts);
  const int64_t age = std::max<int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() - then);
  return age >= 86400  ? fmt::format("{}d", age / 86400)
         : age >= 3600 ? fmt::format("{}h", age / 3600)
         : age >= 60   ? fmt::format("{}m", age / 60)
                       : fmt::format("{}s", age);
}

json::value Cell(const Column& column, const json::object& object, WallTime now) {
  const json::value* const found = JsonPath(object, column.path);
  if (found == nullptr || found->is_null()) {
    return column.type == "date" ? json::value("<unknown>") : json::value();
  }
  if (column.type == "date" && found->is_string()) {
    return json::string(Age(View(found->get_string()), now));
  }
  return found->is_object() || found->is_array()
             ? json::value(json::string(json::serialize(*found)))
             : *found;
}

json::object Row(const std::vector<Column>& columns, const json::object& object, WallTime now) {
  json::array cells;
  for (const Column& column : columns) {
    cells.push_back(Cell(column, object, now));
  }
  json::object partial{{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}};
  if (const json::object* const metadata = DigObject(object, "metadata")) {
    partial["metadata"] = *metadata;
  }
  return {{"cells", std::move(cells)}, {"object", std::move(partial)}};
}

}  // namespace

bool WantsTable(const ApiRequest& request) {
  return request.accept.find("as=Table") != std::string::npos;
}

json::object TableOf(const FakeResource& type, const json::object& shown, WallTime now) {
  const std::vector<Column> columns = ColumnsOf(type);
  json::array definitions;
  for (const Column& column : columns) {
    definitions.push_back(json::object{{"name", column.name},
                                       {"type", column.type},
                                       {"format", column.name == "Name" ? "name" : ""},
                                       {"description", ""},
                                       {"priority", column.priority}});
  }
  json::array rows;
  const json::array* const items = DigArray(shown, "items");
  if (items == nullptr) {
    rows.push_back(Row(columns, shown, now));
  }
  for (size_t at = 0; items != nullptr && at < items->size(); ++at) {
    rows.push_back(Row(columns, (*items)[at].get_object(), now));
  }
  json::object metadata;
  for (const char* const field : {"resourceVersion", "continue", "remainingItemCount"}) {
    if (const json::value* const value = Dig(shown, fmt::format("metadata.{}", field))) {
      metadata[field] = *value;
    }
  }
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", std::move(metadata)},
          {"columnDefinitions", std::move(definitions)},
          {"rows", std::move(rows)}};
}

const json::value* JsonPath(const json::object& object, std::string_view path) {
  const size_t filter = path.find("[?(@.");
  if (filter == std::string_view::npos) {
    return Dig(object, path.substr(path.starts_with('.') ? 1 : 0));
  }
  const size_t equals = path.find("==\"", filter);
  const size_t end = path.find("\")]", filter);
  if (equals == std::string_view::npos || end == std::string_view::npos) {
    return nullptr;
  }
  const std::string_view key = path.substr(filter + 5, equals - filter - 5);
  const std::string_view wanted = path.substr(equals + 3, end - equals - 3);
  const json::value* const list = JsonPath(object, path.substr(0, filter));
  if (list == nullptr || !list->is_array()) {
    return nullptr;
  }
  for (const json::value& item : list->get_array()) {
    if (item.is_object() && DigText(item.get_object(), key) == wanted) {
      return JsonPath(item.get_object(), path.substr(end + 3));
    }
  }
  return nullptr;
}

}  // namespace squall
