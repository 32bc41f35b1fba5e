#include "tests/daemon/wire/random_plan.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace squall {
namespace {

// One property test's luck.
class Dice final {
 public:
  explicit Dice(Rng* rng) : rng_(rng) {}

  bool Coin() { return rng_->Below(2) == 0; }
  uint64_t Below(uint64_t bound) { return rng_->Below(bound); }
  double Real() { return rng_->Unit() * 1000; }
  Nanos Span() { return Nanos(rng_->Between(0, 1'000'000'000'000)); }
  uint64_t Users() { return rng_->Below(1'000'000); }

  std::string Text() {
    static const std::vector<std::string> kPieces = {"a",    "{{x.y}}", "\n", "Grüße", "\"",
                                                     "🦀", "%00",     ":",  "",      " z "};
    std::string text;
    for (uint64_t i = Below(4); i > 0; --i) {
      text += kPieces[Below(kPieces.size())];
    }
    return text;
  }

  template <typename Enum>
  Enum Pick(Enum last) {
    return static_cast<Enum>(Below(static_cast<uint64_t>(last) + 1));
  }

  template <typename Make>
  auto Maybe(const Make& make) -> std::optional<decltype(make())> {
    return Coin() ? std::optional(make()) : std::nullopt;
  }

  template <typename Make>
  auto List(const Make& make) -> std::vector<decltype(make())> {
    std::vector<decltype(make())> list;
    for (uint64_t i = Below(3); i > 0; --i) {
      list.push_back(make());
    }
    return list;
  }

  std::optional<Nanos> MaybeSpan() {
    return Maybe([this] { return Span(); });
  }
  std::optional<std::string> MaybeText() {
    return Maybe([this] { return Text(); });
  }
  std::vector<std::string> Texts() {
    return List([this] { return Text(); });
  }
  HeaderList Headers() {
    return List([this] { return std::pair(Text(), Text()); });
  }
  std::vector<FormField> Fields() {
    return List([this] { return FormField{.name = Text(), .value = Text()}; });
  }
  SourceMark Mark() {
    return {.file = Text(), .line = int(Below(1000)), .column = int(Below(100))};
  }

 private:
  Rng* rng_;
};

Check RandomCheck(Dice dice) {
  Check check{.name = dice.Text()};
  switch (dice.Below(6)) {
    case 0:
      check.test = StatusIs{.expected = dice.Text()};
      break;
    case 1:
      check.test =
          HeaderIs{.header = dice.Text(), .equals = dice.MaybeText(), .contains = dice.MaybeText()};
      break;
    case 2:
      check.test = BodyContains{.text = dice.Text()};
      break;
    case 3:
      check.test = BodyMatches{.regex = dice.Text()};
      break;
    case 4:
      check.test = JsonIs{.path = dice.Text(),
                          .equals = dice.MaybeText(),
                          .number = dice.MaybeText(),
                          .tolerance = dice.Real(),
                          .has_fields = dice.Texts()};
      break;
    default:
      check.test = ResponseTimeBelow{.limit = dice.Span()};
      break;
  }
  return check;
}

RequestStep RandomRequest(Dice dice) {
  RequestStep request;
  request.method = dice.Text();
  request.path = dice.Text();
  request.query = dice.Fields();
  request.headers = dice.Headers();
  request.name = dice.Text();
  switch (dice.Below(3)) {
    case 0:
      request.body = dice.Text();
      break;
    case 1:
      request.json = dice.Text();
      break;
    default:
      request.form = dice.Fields();
      break;
  }
  request.timeout = dice.MaybeSpan();
  request.redirects_max = dice.Maybe([&dice] { return int(dice.Below(50)); });
  request.retry = {.attempts_max = int(1 + dice.Below(9)),
                   .delay = dice.Span(),
                   .on_status = dice.List([&dice] { return int(100 + dice.Below(900)); })};
  request.expect_continue = dice.Coin();
  request.checks = dice.List([&dice] { return RandomCheck(dice); });
  request.extract = dice.List([&dice] {
    return Extract{.as = dice.Text(),
                   .scope = dice.Pick(VariableScope::kShared),
                   .from = dice.Pick(Extract::From::kHeader),
                   .expression = dice.Text(),
                   .fallback = dice.MaybeText()};
  });
  return request;
}

Step RandomStep(Dice dice, Rng* rng, int depth) {
  Step step;
  step.mark = dice.Mark();
  switch (dice.Below(depth > 0 ? 8 : 6)) {
    case 0:
      step.what = RandomRequest(dice);
      break;
    case 1:
      step.what = SetStep{.variable = dice.Text(),
                          .value = dice.Text(),
                          .scope = dice.Pick(VariableScope::kShared)};
      break;
    case 2:
      step.what =
          PickStep{.from = dice.Text(), .as = dice.Text(), .order = dice.Pick(PickOrder::kUnique)};
      break;
    case 3: {
      const Nanos low = dice.Span();
      step.what = ThinkStep{.low = low, .high = low + dice.Span()};
      break;
    }
    case 4:
      step.what = LogStep{.message = dice.Text()};
      break;
    case 5:
      step.what = FailStep{.message = dice.Text()};
      break;
    case 6:
      step.what = IfStep{.condition = {.op = dice.Pick(Condition::Op::kContains),
                                       .left = dice.Text(),
                                       .right = dice.Text()},
                         .then = RandomSteps(rng, depth - 1),
                         .otherwise = RandomSteps(rng, depth - 1)};
      break;
    default:
      step.what = LoopStep{.times = int64_t(dice.Below(100)), .steps = RandomSteps(rng, depth - 1)};
      break;
  }
  return step;
}

Service RandomService(Dice dice) {
  Service service;
  service.base_url = dice.Text();
  service.timeout = dice.Span();
  service.connect_timeout = dice.Span();
  service.tls_timeout = dice.Span();
  service.first_byte_timeout = dice.MaybeSpan();
  service.headers = dice.Headers();
  service.basic_auth =
      dice.Maybe([&dice] { return BasicAuth{.username = dice.Text(), .password = dice.Text()}; });
  service.bearer_token = dice.Text();
  service.tls = {.insecure_skip_verify = dice.Coin(),
                 .ca_pem = dice.Text(),
                 .client_cert_pem = dice.Text(),
                 .client_key_pem = dice.Text(),
                 .server_name = dice.Text()};
  service.proxy = dice.Text();
  service.dns_ttl = dice.Span();
  service.redirects_max = int(dice.Below(100));
  service.body_bytes_max = int64_t(dice.Below(1'000'000'000'000));
  service.header_bytes_max = int64_t(dice.Below(1'000'000));
  service.keep_alive = dice.Coin();
  service.cookies = dice.Coin();
  service.accept_gzip = dice.Coin();
  return service;
}

UserClass RandomUserClass(Dice dice, Rng* rng) {
  UserClass user_class;
  user_class.name = dice.Text();
  user_class.weight = dice.Real();
  user_class.fixed_count = dice.Maybe([&dice] { return dice.Users(); });
  const Nanos low = dice.Span();
  user_class.wait_time = {.kind = dice.Pick(WaitTime::Kind::kConstantThroughput),
                          .low = low,
                          .high = low + dice.Span(),
                          .per_second = dice.Real()};
  user_class.host = dice.Text();
  user_class.on_start = RandomSteps(rng, 1);
  user_class.tasks = dice.List([&dice, rng] {
    return Task{.name = dice.Text(),
                .weight = dice.Real(),
                .tags = dice.Texts(),
                .steps = RandomSteps(rng, 3),
                .mark = dice.Mark()};
  });
  user_class.on_stop = RandomSteps(rng, 1);
  user_class.mark = dice.Mark();
  return user_class;
}

Threshold RandomThreshold(Dice dice) {
  return {.text = dice.Text(),
          .metric = dice.Pick(ThresholdMetric::kDroppedIterations),
          .name = dice.Text(),
          .method = dice.Text(),
          .tag = dice.Text(),
          .aggregate = dice.Pick(ThresholdAggregate::kRate),
          .percentile = dice.Real() / 10,
          .op = dice.Pick(ThresholdOperator::kNotEqual),
          .limit = dice.Real() - 500,
          .over = dice.Span(),
          .abort_on_fail = dice.Coin(),
          .abort_delay = dice.Span()};
}

std::vector<Stage> RandomStages(Dice dice) {
  return dice.List([&dice] {
    return Stage{.duration = dice.Span(), .users = dice.Users(), .spawn_rate = dice.Real()};
  });
}

Arrival RandomArrival(Dice dice) {
  Arrival arrival;
  arrival.stages = dice.List([&dice] {
    return ArrivalStage{.duration = dice.Span(), .rate = dice.Real(), .from = dice.Maybe([&dice] {
                          return dice.Real();
                        })};
  });
  arrival.users_max = dice.Users();
  arrival.spacing = dice.Pick(Arrival::Spacing::kPoisson);
  return arrival;
}

CurveShape RandomCurve(Dice dice) {
  CurveShape curve;
  curve.points =
      dice.List([&dice] { return CurveShape::Point{.at = dice.Span(), .users = dice.Real()}; });
  curve.spawn_rate = dice.Real();
  return curve;
}

Script RandomScript(Dice dice) {
  Script script;
  script.files = dice.List([&dice] {
    return Script::File{.path = "lib/x" + dice.Text(), .content = dice.Text() + "\xff"};
  });
  script.locustfiles = dice.Texts();
  script.arguments = dice.Texts();
  return script;
}

}  // namespace

StepList RandomSteps(Rng* rng, int depth) {
  Dice dice(rng);
  return dice.List([&dice, rng, depth] { return RandomStep(dice, rng, depth); });
}

Value RandomValue(Rng* rng, int depth) {
  Dice dice(rng);
  switch (dice.Below(depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return dice.Coin();
    case 2:
      return rng->Between(INT64_MIN, INT64_MAX);
    case 3:
      return dice.Real() - 500;
    case 4:
      return dice.Text();
    case 5:
      return dice.List([rng, depth] { return RandomValue(rng, depth - 1); });
    default:
      return dice.List(
          [&dice, rng, depth] { return std::pair(dice.Text(), RandomValue(rng, depth - 1)); });
  }
}

LoadProfile RandomLoadProfile(Rng* rng, size_t index) {
  Dice dice(rng);
  LoadProfile profile;
  switch (index) {
    case 0:
      profile.load = ConstantLoad{dice.Users(), dice.Real(), dice.MaybeSpan()};
      break;
    case 1:
      profile.load = RandomStages(dice);
      break;
    case 2:
      profile.load = RandomArrival(dice);
      break;
    case 3:
      profile.load = PeakShape{dice.Users(), dice.Real(), dice.Span(), dice.Span(), dice.Span()};
      break;
    case 4:
      profile.load = StressShape{dice.Users(), dice.Real(), dice.Span(), dice.Span()};
      break;
    case 5:
      profile.load = SoakShape{dice.Users(), dice.Real(), dice.Span(), dice.Span()};
      break;
    case 6:
      profile.load = SpikeShape{dice.Users(), dice.Users(), dice.Real(), dice.Real(),
                                dice.Span(),  dice.Span(),  dice.Span()};
      break;
    case 7:
      profile.load = LinearShape{dice.Users(), dice.Users(), dice.Span(), dice.Real()};
      break;
    case 8:
      profile.load = SineShape{dice.Users(), dice.Users(), dice.Span(), dice.Span(), dice.Real()};
      break;
    case 9:
      profile.load = StepsShape{dice.Users(), dice.Users(), dice.Span(), int64_t(dice.Below(100)),
                                dice.Real()};
      break;
    default:
      profile.load = RandomCurve(dice);
      break;
  }
  profile.iterations = dice.Maybe([&dice] { return dice.Users(); });
  profile.run_time = dice.MaybeSpan();
  profile.warm_up = dice.Span();
  profile.cool_down = dice.Span();
  return profile;
}

// Those of an output are what a plan may say, as agents refuse others.
HeaderList SecretHeaders(Dice dice) {
  return dice.List([&dice] {
    return std::pair<std::string, std::string>("X-Key", dice.Coin() ? "a b" : "Grüße");
  });
}

MetricOutput RandomMetricOutput(Dice dice) {
  MetricOutput output;
  output.kind = dice.Pick(MetricOutput::Kind::kJsonLines);
  output.protocol = dice.Pick(OtlpProtocol::kHttp);
  output.to = output.kind == MetricOutput::Kind::kStatsd ? "[::1]:8125" : "http://10.0.0.1:4318";
  output.interval = Nanos(100'000'000 + int64_t(dice.Below(1'000'000'000)));
  output.headers = SecretHeaders(dice);
  if (dice.Coin()) {
    output.tags = {{"env", "Grüße"}};  // one alone: a map is written in any order
  }
  output.prefix = dice.Coin() ? "squall" : "shop.eu";
  output.ca_pem = dice.Text();
  return output;
}

Outputs RandomOutputs(Dice dice) {
  Outputs outputs = {.csv_prefix = dice.Text(),
                     .json_file = dice.Text(),
                     .junit_file = dice.Text(),
                     .markdown_file = dice.Text(),
                     .html_file = dice.Text()};
  outputs.traces = dice.Maybe([&dice] {
    return TraceOutput{.endpoint = "https://collector:4317",
                       .protocol = dice.Pick(OtlpProtocol::kHttp),
                       .sample = dice.Real() / 1000,
                       .headers = SecretHeaders(dice),
                       .ca_pem = dice.Text(),
                       .service_name = dice.Coin() ? "squall" : "shop"};
  });
  outputs.metrics = dice.List([&dice] { return RandomMetricOutput(dice); });
  return outputs;
}

Plan RandomPlan(Rng* rng) {
  Dice dice(rng);
  Plan plan;
  plan.name = dice.Text();
  plan.service = RandomService(dice);
  plan.load_profile =
      RandomLoadProfile(rng, dice.Below(std::variant_size_v<decltype(LoadProfile::load)>));
  plan.users = dice.List([&dice, rng] { return RandomUserClass(dice, rng); });
  plan.test_data = dice.List([&dice, rng] {
    return DataSet{.name = dice.Text(),
                   .rows = dice.List([rng] { return RandomValue(rng, 3); }),
                   .order = dice.Pick(PickOrder::kUnique),
                   .on_end = dice.Pick(DataSet::OnEnd::kStopUser),
                   .mark = dice.Mark()};
  });
  plan.thresholds = dice.List([&dice] { return RandomThreshold(dice); });
  plan.outputs = RandomOutputs(dice);
  plan.script = dice.Maybe([&dice] { return RandomScript(dice); });
  plan.seed = rng->Next();
  plan.stop_timeout = dice.Span();
  return plan;
}

}  // namespace squall
