#include "daemon/plan/template.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/template_hole.h"

namespace squall {
namespace {

using Kind = TemplateHole::Kind;

constexpr size_t kTemplateBytesMax = 1 << 20;
constexpr size_t kHolesMax = 1'000;

// Follows literal text to tell whether its end stands inside a JSON string literal.
class JsonStringTracker final {
 public:
  void Follow(std::string_view text) {
    for (const char c : text) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '"') {
        inside_ = !inside_;
      } else {
        escaped_ = inside_ && c == '\\';
      }
    }
  }
  bool inside() const { return inside_; }

 private:
  bool inside_ = false;
  bool escaped_ = false;
};

// What a hole stands for at one moment: a variable's value, a constant of the plan, or, with
// neither, something that the hole's function makes.
struct Subject {
  const Value* value = nullptr;
  const TemplateLiteral* literal = nullptr;
};

absl::Status NotFound(const TemplateHole& hole, bool variable_exists) {
  if (variable_exists) {
    return absl::NotFoundError(
        fmt::format("variable '{}' must have '{}'", hole.variable, hole.path));
  }
  const std::string hint = IsTemplateFunction(hole.variable)
                               ? fmt::format(" (the function is '{}()')", hole.variable)
                               : "";
  return absl::NotFoundError(
      fmt::format("variable '{}' must be set before it is used{}", hole.variable, hint));
}

absl::Status Resolve(const TemplateHole& hole, const TemplateScope& scope, Subject* subject) {
  if (hole.kind == Kind::kRandomChoice) {
    subject->literal = &hole.choices[scope.rng().Below(hole.choices.size())];
  }
  if (hole.kind != Kind::kVariable) {
    return absl::OkStatus();
  }
  const Value* variable = scope.Find(hole.variable);
  subject->value =
      variable == nullptr || hole.path.empty() ? variable : variable->FindDotted(hole.path);
  const bool missing = subject->value == nullptr;
  if (!hole.fallback.empty() && (missing || subject->value->IsNull())) {
    subject->value = nullptr;
    subject->literal = &hole.fallback.front();
    return absl::OkStatus();
  }
  return missing ? NotFound(hole, variable != nullptr) : absl::OkStatus();
}

// The number that a function makes; null when it makes text.
Value MakeNumber(const TemplateHole& hole, const TemplateScope& scope) {
  const auto since_epoch = scope.wall().time_since_epoch();
  switch (hole.kind) {
    case Kind::kRandomInt:
      return Value(scope.rng().Between(hole.low, hole.high));
    case Kind::kRandomFloat:
      return Value(hole.low_real + scope.rng().Unit() * hole.width_real);
    case Kind::kTimestamp:
      return Value(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
    case Kind::kTimestampMs:
      return Value(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
    case Kind::kUserNumber:
      return Value(static_cast<int64_t>(scope.user_number()));
    case Kind::kIteration:
      return Value(static_cast<int64_t>(scope.iteration()));
    default:
      return {};
  }
}

void AppendRandomString(size_t length, Rng& rng, std::string* out) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const size_t start = out->size();
  out->resize(start + length);
  for (size_t i = start; i < out->size(); ++i) {
    (*out)[i] = kLetters[rng.Below(kLetters.size())];
  }
}

// RFC 9562 version 4: 122 random bits.
void AppendUuid(Rng& rng, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const uint64_t high = (rng.Next() & ~uint64_t{0xF000}) | 0x4000;
  const uint64_t low = (rng.Next() & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  std::array<char, 36> text;
  size_t at = 0;
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
      text[at++] = '-';
    }
    const uint64_t half = digit < 16 ? high : low;
    text[at++] = kHex[(half >> (60 - 4 * (digit % 16))) & 15];
  }
  out->append(text.data(), text.size());
}

void AppendMadeText(const TemplateHole& hole, const TemplateScope& scope, std::string* out) {
  if (hole.kind == Kind::kUuid) {
    AppendUuid(scope.rng(), out);
  } else if (hole.kind == Kind::kRandomString) {
    AppendRandomString(static_cast<size_t>(hole.low), scope.rng(), out);
  } else if (hole.kind == Kind::kClassName) {
    out->append(scope.class_name());
  } else {
    MakeNumber(hole, scope).AppendText(out);
  }
}

void AppendText(const TemplateHole& hole, const Subject& subject, const TemplateScope& scope,
                std::string* out) {
  if (subject.value != nullptr) {
    subject.value->AppendText(out);
  } else if (subject.literal != nullptr) {
    out->append(subject.literal->text);
  } else {
    AppendMadeText(hole, scope, out);
  }
}

void AppendJson(const TemplateHole& hole, const Subject& subject, const TemplateScope& scope,
                std::string* out) {
  if (subject.value != nullptr) {
    subject.value->AppendJson(out);
  } else if (subject.literal != nullptr) {
    out->append(subject.literal->json);
  } else if (hole.kind == Kind::kUuid || hole.kind == Kind::kRandomString) {
    out->push_back('"');
    AppendMadeText(hole, scope, out);
    out->push_back('"');
  } else if (hole.kind == Kind::kClassName) {
    out->push_back('"');
    AppendJsonEscaped(scope.class_name(), out);
    out->push_back('"');
  } else {
    MakeNumber(hole, scope).AppendText(out);
  }
}

// Escapes what `out` has from `start` on. The copy is made only when there is something to escape.
void EscapeFrom(size_t start, std::string* out) {
  const auto needs_escape = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '"' || byte == '\\' || byte < ' ' || byte >= 0x80;
  };
  if (std::any_of(out->begin() + static_cast<ptrdiff_t>(start), out->end(), needs_escape)) {
    const std::string text = out->substr(start);
    out->resize(start);
    AppendJsonEscaped(text, out);
  }
}

// One hole, with its filters, for plain text (in_json = false) or for a JSON text.
void AppendHole(const TemplateHole& hole, const Subject& subject, bool in_json,
                const TemplateScope& scope, std::string* out) {
  const bool json_value = in_json && !hole.in_json_string;
  const bool json_string = in_json && hole.in_json_string;
  if (hole.as_url) {
    out->append(json_value ? "\"" : "");
    const size_t start = out->size();
    hole.as_json ? AppendJson(hole, subject, scope, out) : AppendText(hole, subject, scope, out);
    PercentEncodeFrom(start, out);
    out->append(json_value ? "\"" : "");
    return;
  }
  if (json_string && !hole.as_json && subject.value && subject.value->AsString()) {
    AppendJsonEscaped(*subject.value->AsString(), out);  // the usual case, without a copy
    return;
  }
  const size_t start = out->size();
  if (hole.as_json || json_value) {
    AppendJson(hole, subject, scope, out);
  } else {
    AppendText(hole, subject, scope, out);
  }
  if (json_string) {
    EscapeFrom(start, out);
  }
}

bool IsUnreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

absl::StatusOr<Template> Template::Compile(std::string_view text) {
  if (text.size() > kTemplateBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("must be at most {} bytes of text, got {}", kTemplateBytesMax, text.size()));
  }
  Template compiled;
  std::vector<TemplateHole> holes;
  JsonStringTracker tracker;
  const auto add_literal = [&](std::string_view literal) {
    (holes.empty() ? compiled.head_ : holes.back().tail).append(literal);
    tracker.Follow(literal);
  };
  size_t at = 0;
  while (at < text.size()) {
    const size_t open = text.find("{{", at);
    add_literal(text.substr(at, open - at));
    if (open == std::string_view::npos) {
      break;
    }
    if (text.substr(open, 4) == "{{{{") {
      add_literal("{{");
      at = open + 4;
      continue;
    }
    if (holes.size() == kHolesMax) {
      return absl::InvalidArgumentError(
          fmt::format("offset {}: must have at most {} holes", open, kHolesMax));
    }
    at = open + 2;
    SQUALL_ASSIGN_OR_RETURN(TemplateHole hole, ParseTemplateHole(text, &at));
    hole.in_json_string = tracker.inside();
    holes.push_back(std::move(hole));
  }
  if (!holes.empty()) {
    compiled.holes_ = std::make_shared<const std::vector<TemplateHole>>(std::move(holes));
  }
  return compiled;
}

absl::Status Template::Render(const TemplateScope& scope, std::string* out) const {
  return RenderAs(Form::kText, scope, out);
}

absl::Status Template::RenderJson(const TemplateScope& scope, std::string* out) const {
  return RenderAs(Form::kJson, scope, out);
}

absl::Status Template::RenderAs(Form form, const TemplateScope& scope, std::string* out) const {
  const size_t start = out->size();
  out->append(head_);
  if (holes_ == nullptr) {
    return absl::OkStatus();
  }
  for (const TemplateHole& hole : *holes_) {
    Subject subject;
    if (absl::Status status = Resolve(hole, scope, &subject); !status.ok()) {
      out->resize(start);
      return status;
    }
    AppendHole(hole, subject, form == Form::kJson, scope, out);
    out->append(hole.tail);
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> Template::Evaluate(const TemplateScope& scope) const {
  const bool one_hole =
      holes_ != nullptr && holes_->size() == 1 && head_.empty() && holes_->front().tail.empty();
  if (one_hole && !holes_->front().as_json && !holes_->front().as_url) {
    const TemplateHole& hole = holes_->front();
    Subject subject;
    SQUALL_RETURN_IF_ERROR(Resolve(hole, scope, &subject));
    if (subject.value != nullptr) {
      return *subject.value;
    }
    if (subject.literal != nullptr) {
      return subject.literal->value;
    }
    if (Value number = MakeNumber(hole, scope); !number.IsNull()) {
      return number;
    }
  }
  std::string text;
  SQUALL_RETURN_IF_ERROR(Render(scope, &text));
  return Value(std::move(text));
}

std::vector<std::string> Template::Literals() const {
  std::vector<std::string> literals = {head_};
  if (holes_ != nullptr) {
    for (const TemplateHole& hole : *holes_) {
      literals.push_back(hole.tail);
    }
  }
  return literals;
}

std::vector<std::string> Template::Variables() const {
  std::vector<std::string> names;
  if (holes_ == nullptr) {
    return names;
  }
  for (const TemplateHole& hole : *holes_) {
    if (hole.kind == Kind::kVariable &&
        std::find(names.begin(), names.end(), hole.variable) == names.end()) {
      names.push_back(hole.variable);
    }
  }
  return names;
}

absl::Status RenderedText::Read(const Template& source, const TemplateScope& scope) {
  if (source.IsConstant()) {
    text_ = source.constant();
    return absl::OkStatus();
  }
  own_.clear();
  SQUALL_RETURN_IF_ERROR(source.Render(scope, &own_));
  text_ = own_;
  return absl::OkStatus();
}

void PercentEncodeFrom(size_t start, std::string* text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const size_t old_size = text->size();
  const auto reserved =
      std::count_if(text->begin() + static_cast<ptrdiff_t>(start), text->end(),
                    [](char c) { return !IsUnreserved(static_cast<unsigned char>(c)); });
  text->resize(old_size + 2 * static_cast<size_t>(reserved));
  // From the back, so that nothing is overwritten before it is read.
  size_t to = text->size();
  for (size_t from = old_size; from > start && to > from; --from) {
    const auto c = static_cast<unsigned char>((*text)[from - 1]);
    if (IsUnreserved(c)) {
      (*text)[--to] = static_cast<char>(c);
    } else {
      (*text)[--to] = kHex[c & 15];
      (*text)[--to] = kHex[c >> 4];
      (*text)[--to] = '%';
    }
  }
}

}  // namespace squall
