#include "tests/support/kube/admin.h"

#include <utility>
#include <vector>

#include <boost/json/array.hpp>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

ApiAnswer Bad(std::string message) { return AnswerWith(BadRequestError(std::move(message))); }

ApiAnswer AddFaults(const std::string& body, ApiFaults* faults) {
  absl::StatusOr<json::value> parsed = ReadJson(body);
  if (!parsed.ok()) {
    return Bad(std::string(parsed.status().message()));
  }
  json::array list;
  if (const json::array* const many = parsed->if_array()) {
    list = *many;
  } else if (parsed->is_object()) {
    const json::array* const named = DigArray(parsed->get_object(), "faults");
    list = named != nullptr ? *named : json::array{*parsed};
  }
  std::vector<ApiFault> read;
  for (const json::value& one : list) {
    absl::StatusOr<ApiFault> fault =
        one.is_object() ? ReadFault(one.get_object())
                        : absl::StatusOr<ApiFault>(absl::InvalidArgumentError("must be an object"));
    if (!fault.ok()) {
      return Bad(std::string(fault.status().message()));
    }
    read.push_back(*std::move(fault));
  }
  for (ApiFault& fault : read) {
    faults->Add(std::move(fault));
  }
  ApiAnswer answer;
  answer.body = {{"added", read.size()}};
  return answer;
}

ApiAnswer Do(const ApiRequest& request, FakeBackend* backend) {
  ApiAnswer answer;
  const std::string& path = request.path;
  const bool deletes = request.method == "DELETE";
  if (path == "/_faults" && request.method == "POST") {
    return AddFaults(request.body, backend->faults);
  }
  if (path == "/_faults") {
    if (deletes) {
      backend->faults->Clear();
    }
    answer.body = {{"hits", backend->faults->hits()}};
    return answer;
  }
  if (path == "/_requests") {
    answer.body = backend->counts->ToJson();
    if (deletes) {
      backend->counts->Reset();
    }
    return answer;
  }
  if (path == "/_watches") {
    answer.body = {{"open", backend->open_watches.load()}};
    return answer;
  }
  const absl::StatusOr<json::object> body =
      request.body.empty() ? json::object() : ReadJsonObject(request.body);
  if (!body.ok() || request.method != "POST") {
    return Bad("must be a POST of a JSON object");
  }
  if (path == "/_compact") {
    backend->cluster->Compact();
  } else if (path == "/_skip") {
    backend->cluster->SkipVersions(static_cast<uint64_t>(DigInt(*body, "versions", 1)));
  } else if (path == "/_token") {
    backend->SetToken(DigText(*body, "token"));
  } else {
    return AnswerWith(ErrorOfCode(404));
  }
  answer.body = {{"resourceVersion", std::to_string(backend->cluster->version())}};
  return answer;
}

}  // namespace

std::optional<ApiAnswer> Administer(const ApiRequest& request, FakeBackend* backend) {
  if (!request.path.starts_with("/_")) {
    return std::nullopt;
  }
  return Do(request, backend);
}

}  // namespace squall
