#include "tests/support/kube/fake_cluster.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "tests/support/kube/discovery.h"
#include "tests/support/kube/openapi.h"
#include "tests/support/kube/table_view.h"

namespace squall {
namespace {

constexpr size_t kBodyBytesMax = size_t{3} << 20;

ApiAnswer NotServed() {
  ApiAnswer answer;
  answer.code = 404;
  answer.text = "404 page not found\n";
  return answer;
}

ApiAnswer TooLarge() {
  ApiError error = ErrorOfCode(413);
  error.reason = "RequestEntityTooLarge";
  error.message = fmt::format("Request entity too large: limit is {}", kBodyBytesMax);
  return AnswerWith(error);
}

}  // namespace

FakeCluster::FakeCluster(FakeClusterOptions options, const Clock* clock)
    : resources_(std::move(options.resources)),
      clock_(clock),
      store_(options.log_length_max),
      rng_(options.seed),
      reader_(&store_),
      writer_(&store_, clock, &rng_) {
  for (const char* const name : {"default", "kube-system"}) {
    const ApiAnswer made =
        Call("POST", "/api/v1/namespaces",
             fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"}}}})",
                         name));
    SQUALL_CHECK(made.ok());
  }
}

std::optional<ApiRoute> FakeCluster::Route(std::string_view path) const {
  return FindRoute(resources_, path);
}

ApiAnswer FakeCluster::Call(const ApiRequest& request) {
  if (request.body.size() > kBodyBytesMax) {
    return TooLarge();
  }
  if (std::optional<ApiAnswer> answer = Discover(resources_, request)) {
    return *std::move(answer);
  }
  if (std::optional<ApiAnswer> answer = DescribeApi(resources_, request)) {
    return *std::move(answer);
  }
  const std::optional<ApiRoute> route = Route(request.path);
  if (!route) {
    return NotServed();
  }
  const std::scoped_lock lock(mutex_);
  const uint64_t before = store_.version();
  ApiAnswer answer = Dispatch(*route, request);
  if (store_.version() != before) {
    changed_.notify_all();
  }
  if (request.method == "GET" && answer.ok() && WantsTable(request) && answer.text.empty() &&
      route->subresource.empty()) {
    answer.body = TableOf(*route->type, answer.body, clock_->Wall());
  }
  return answer;
}

ApiAnswer FakeCluster::Call(std::string_view method, std::string_view target, std::string body,
                            std::string content_type) {
  return Call(MakeRequest(method, target, std::move(body), std::move(content_type)));
}

ApiAnswer FakeCluster::Dispatch(const ApiRoute& route, const ApiRequest& request) {
  const std::string verb = VerbOf(request, route);
  if (verb == "get") {
    return reader_.Get(route);
  }
  if (verb == "list") {
    return reader_.List(route, request);
  }
  if (verb == "create") {
    return writer_.Create(route, request);
  }
  if (verb == "update") {
    return writer_.Update(route, request);
  }
  if (verb == "patch") {
    return writer_.Patch(route, request);
  }
  if (verb == "delete") {
    return writer_.Delete(route, request);
  }
  if (verb == "deletecollection") {
    return writer_.DeleteCollection(route, request);
  }
  return AnswerWith(MethodNotAllowedError());
}

ApiRefusal FakeCluster::OpenWatch(const ApiRoute& route, const ApiRequest& request,
                                  WatchCursor* cursor, std::vector<boost::json::object>* events) {
  const std::scoped_lock lock(mutex_);
  return reader_.OpenWatch(route, request, cursor, events);
}

std::vector<boost::json::object> FakeCluster::ReadWatch(WatchCursor* cursor, Nanos patience,
                                                        bool* ended) {
  std::unique_lock lock(mutex_);
  std::vector<boost::json::object> events = reader_.ReadWatch(cursor, ended);
  if (events.empty() && !woken_) {
    changed_.wait_for(lock, patience);
    events = reader_.ReadWatch(cursor, ended);
  }
  return events;
}

bool FakeCluster::WaitForChange(uint64_t version, Nanos patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience,
                    [this, version] { return woken_ || store_.version() > version; });
  return store_.version() > version;
}

void FakeCluster::Wake() {
  const std::scoped_lock lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

uint64_t FakeCluster::version() const {
  const std::scoped_lock lock(mutex_);
  return store_.version();
}

void FakeCluster::Compact() {
  const std::scoped_lock lock(mutex_);
  store_.Compact();
}

void FakeCluster::SkipVersions(uint64_t versions) {
  const std::scoped_lock lock(mutex_);
  store_.Skip(versions);
}

}  // namespace squall
