// The plan: what to do to the target and how hard. Plain values, read from YAML (parse_plan.h) or
// from the wire (wire/plan_proto.h), never changed afterwards; share it as shared_ptr<const Plan>.
//
// Text fields marked [template] may hold {{ … }} (template.h) and are compiled by the engine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"
#include "daemon/plan/value.h"
#include "daemon/stats/threshold.h"

namespace squall {

// Where a section stood in the user's text, 1-based; 0 when it came from elsewhere.
struct SourceMark {
  std::string file;
  int line = 0;
  int column = 0;
  // Marks are about the text, not about the meaning: two plans that differ only here are equal.
  bool operator==(const SourceMark&) const { return true; }
};

// ---- service -------------------------------------------------------------------------------

struct TlsSettings {
  bool insecure_skip_verify = false;  // set it only against a test target you own
  std::string ca_pem;                 // trusted besides the system's store (PEM text, not a path)
  std::string client_cert_pem;        // for servers that ask for one
  std::string client_key_pem;         // secret: never logged or reported
  std::string server_name;            // SNI and the name to verify; default: the host
  bool operator==(const TlsSettings&) const = default;
};

struct BasicAuth {
  std::string username;  // [template]
  std::string password;  // [template] secret
  bool operator==(const BasicAuth&) const = default;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;  // value is a [template]

struct Service {
  std::string base_url = "http://localhost:8082";    // scheme://host[:port][/prefix]
  Nanos timeout = std::chrono::seconds(30);          // a whole request, redirects included
  Nanos connect_timeout = std::chrono::seconds(10);  // DNS + TCP
  Nanos tls_timeout = std::chrono::seconds(10);
  std::optional<Nanos> first_byte_timeout;  // after the send; default: only `timeout` bounds it
  HeaderList headers;                       // sent with every request
  std::optional<BasicAuth> basic_auth;
  std::string bearer_token;  // [template] secret
  TlsSettings tls;
  std::string proxy;  // http://host:port; "" = none
  Nanos dns_ttl = std::chrono::seconds(60);
  int redirects_max = 30;             // as Locust; 0 = do not follow
  int64_t body_bytes_max = 64 << 20;  // a longer reply is a failure
  int64_t header_bytes_max = 64 << 10;
  bool keep_alive = true;
  bool cookies = true;      // one jar per user
  bool accept_gzip = true;  // bodies are inflated only when a step reads them
  bool operator==(const Service&) const = default;
};

// ---- steps ---------------------------------------------------------------------------------

struct Step;
using StepList = std::vector<Step>;

struct StatusIs {
  // Accepted statuses: "200", "2xx", "200-299", comma-separated. [template]
  std::string expected;
  bool operator==(const StatusIs&) const = default;
};
struct HeaderIs {
  std::string header;
  std::optional<std::string> equals;    // [template]
  std::optional<std::string> contains;  // [template]; neither: the header must be there
  bool operator==(const HeaderIs&) const = default;
};
struct BodyContains {
  std::string text;  // [template]
  bool operator==(const BodyContains&) const = default;
};
struct BodyMatches {
  std::string regex;  // RE2 syntax
  bool operator==(const BodyMatches&) const = default;
};
struct JsonIs {
  std::string path;                   // json_path.h
  std::optional<std::string> equals;  // [template] compared as text
  std::optional<std::string> number;  // [template] compared as a number within `tolerance`
  double tolerance = 0;
  std::vector<std::string> has_fields;             // the object at `path` must have all of them
  bool operator==(const JsonIs&) const = default;  // nothing set: the path must exist
};
struct ResponseTimeBelow {
  Nanos limit{0};
  bool operator==(const ResponseTimeBelow&) const = default;
};

struct Check {
  std::string name;  // shown in reports; made from the content when the plan gives none
  std::variant<StatusIs, HeaderIs, BodyContains, BodyMatches, JsonIs, ResponseTimeBelow> test;
  bool operator==(const Check&) const = default;
};

enum class VariableScope : uint8_t { kUser, kShared };  // shared by all users of one agent

struct Extract {
  std::string as;  // variable name
  VariableScope scope = VariableScope::kUser;
  enum class From : uint8_t { kJson, kRegex, kHeader } from = From::kJson;
  std::string expression;               // JSON path, RE2 with one group, or header name
  std::optional<std::string> fallback;  // used when nothing matches; without it that is a failure
  bool operator==(const Extract&) const = default;
};

struct Retry {
  int attempts_max = 1;                   // 1 = no retry
  Nanos delay = std::chrono::seconds(1);  // between attempts
  std::vector<int> on_status;             // besides connection errors; default: all >= 500
  bool operator==(const Retry&) const = default;
};

struct FormField {
  std::string name;
  std::string value;  // [template]
  bool operator==(const FormField&) const = default;
};

struct RequestStep {
  std::string method = "GET";
  std::string path = "/";        // [template]; an absolute URL goes to another host
  std::vector<FormField> query;  // [template] values, percent-encoded
  HeaderList headers;
  std::string name;  // [template] name in the statistics; default: the path as written
  // At most one of the three.
  std::string body;             // [template]
  std::string json;             // [template] JSON text; adds Content-Type: application/json
  std::vector<FormField> form;  // application/x-www-form-urlencoded
  std::optional<Nanos> timeout;
  std::optional<int> redirects_max;
  Retry retry;
  bool expect_continue = false;
  // Without a status check, any status below 400 passes.
  std::vector<Check> checks;
  std::vector<Extract> extract;
  bool operator==(const RequestStep&) const = default;
};

struct SetStep {
  std::string variable;
  std::string value;  // [template]
  VariableScope scope = VariableScope::kUser;
  bool operator==(const SetStep&) const = default;
};

enum class PickOrder : uint8_t { kRandom, kSequential, kUnique };

// Takes one element of a data set or of a list variable. Nothing there (an empty or missing list):
// the rest of the task is skipped, quietly, as `if not product: return` in a locustfile.
struct PickStep {
  std::string from;
  std::string as;
  PickOrder order = PickOrder::kRandom;
  bool operator==(const PickStep&) const = default;
};

struct Condition {
  enum class Op : uint8_t {
    kExists,
    kEquals,
    kNotEquals,
    kLess,
    kGreater,
    kContains
  } op = Op::kExists;
  std::string left;   // [template]; for kExists: a variable's name, maybe dotted
  std::string right;  // [template]
  bool operator==(const Condition&) const = default;
};

struct IfStep {
  Condition condition;
  StepList then;
  StepList otherwise;
  bool operator==(const IfStep&) const;
};

struct LoopStep {
  int64_t times = 1;
  StepList steps;
  bool operator==(const LoopStep&) const;
};

// A pause inside a task; uniform in [low, high].
struct ThinkStep {
  Nanos low{0};
  Nanos high{0};
  bool operator==(const ThinkStep&) const = default;
};

struct LogStep {
  std::string message;  // [template]; at most one line a second reaches the log
  bool operator==(const LogStep&) const = default;
};

// Counts a task error with this text and ends the task.
struct FailStep {
  std::string message;  // [template]
  bool operator==(const FailStep&) const = default;
};

struct Step {
  std::variant<RequestStep, SetStep, PickStep, IfStep, LoopStep, ThinkStep, LogStep, FailStep> what;
  SourceMark mark;
  bool operator==(const Step&) const = default;
};

// ---- users ---------------------------------------------------------------------------------

struct WaitTime {
  enum class Kind : uint8_t { kConstant, kBetween, kConstantPacing, kConstantThroughput };
  Kind kind = Kind::kConstant;
  Nanos low{0};           // kConstant, kConstantPacing: the time; kBetween: lower bound
  Nanos high{0};          // kBetween: upper bound
  double per_second = 0;  // kConstantThroughput: task runs per second and user
  bool operator==(const WaitTime&) const = default;
};

struct Task {
  std::string name;
  double weight = 1;  // 0 = never
  std::vector<std::string> tags;
  StepList steps;
  SourceMark mark;
  bool operator==(const Task&) const = default;
};

struct UserClass {
  std::string name;
  double weight = 1;
  std::optional<uint64_t> fixed_count;  // exactly so many, before any weighted class
  WaitTime wait_time;
  std::string host;  // overrides service.base_url for this class
  StepList on_start;
  std::vector<Task> tasks;
  StepList on_stop;
  SourceMark mark;
  bool operator==(const UserClass&) const = default;
};

// ---- data, outputs, plan -------------------------------------------------------------------

// Rows are embedded, so that an agent needs no files.
struct DataSet {
  std::string name;
  std::vector<Value> rows;               // scalars, or objects by column
  PickOrder order = PickOrder::kRandom;  // when a pick does not say
  enum class OnEnd : uint8_t { kWrap, kStopUser } on_end = OnEnd::kWrap;  // of sequential, unique
  SourceMark mark;
  bool operator==(const DataSet&) const = default;
};

enum class OtlpProtocol : uint8_t {
  kGrpc,  // port 4317
  kHttp,  // protobuf over HTTP/1.1, port 4318
};

// Spans of the requests: each agent sends its own to an OpenTelemetry collector.
struct TraceOutput {
  std::string endpoint;  // http[s]://host:port; over HTTP "/v1/traces" is added when it has no path
  OtlpProtocol protocol = OtlpProtocol::kGrpc;
  double sample = 1;   // the share of requests that get a span, 0 to 1, chosen before the send
  HeaderList headers;  // sent to the collector; values are secrets
  std::string ca_pem;  // https: trusted besides the system's store (PEM text, not a path)
  std::string service_name = "squall";
  bool operator==(const TraceOutput&) const = default;
};

// Where figures go while the run goes on. Each agent sends its own, but for the files.
struct MetricOutput {
  enum class Kind : uint8_t { kOtlp, kRemoteWrite, kInfluxDb, kStatsd, kJsonLines };
  Kind kind = Kind::kOtlp;
  // A URL; "host:port" (UDP) for statsd; a path for JSON lines, which `squall run` writes alone.
  std::string to;
  OtlpProtocol protocol = OtlpProtocol::kGrpc;            // of kOtlp
  Nanos interval = std::chrono::seconds(5);               // between two reports
  HeaderList headers;                                     // over HTTP and gRPC; values are secrets
  std::vector<std::pair<std::string, std::string>> tags;  // added to every series
  std::string prefix = "squall";                          // of statsd's names
  std::string ca_pem;                                     // https, as above
  SourceMark mark;
  bool operator==(const MetricOutput&) const = default;
};

struct Outputs {
  std::string csv_prefix;
  std::string json_file;
  std::string junit_file;
  std::string markdown_file;
  std::string html_file;
  std::optional<TraceOutput> traces;
  std::vector<MetricOutput> metrics;
  bool operator==(const Outputs&) const = default;
};

// A locustfile, in place of user classes: squall-python makes them of it, on every agent.
struct Script {
  // What agents need of the directory that the locustfiles lie in; none for a run on this machine
  // alone, which reads them where they are.
  struct File {
    std::string path;  // relative, with slashes, never out of the directory
    std::string content;
    bool operator==(const File&) const = default;
  };
  std::vector<File> files;
  std::vector<std::string> locustfiles;  // of `files`, by path
  std::vector<std::string> arguments;    // of the command line, as agents shall see them
  bool operator==(const Script&) const = default;
};

struct Plan {
  std::string name = "unnamed";
  Service service;
  LoadProfile load_profile;
  std::vector<UserClass> users;  // none of a script
  std::optional<Script> script;
  std::vector<DataSet> test_data;
  std::vector<Threshold> thresholds;
  Outputs outputs;
  uint64_t seed = 0;      // of every random draw; 0 = chosen at the start and reported
  Nanos stop_timeout{0};  // how long a stop waits for running tasks (Locust's --stop-timeout)
  bool operator==(const Plan&) const = default;
};

// Written out: clang 14 crashes on `= default` here, where Step is compared by IfStep and so on.
inline bool IfStep::operator==(const IfStep& other) const {
  return condition == other.condition && then == other.then && otherwise == other.otherwise;
}
inline bool LoopStep::operator==(const LoopStep& other) const {
  return times == other.times && steps == other.steps;
}

}  // namespace squall
