#include "daemon/plan/template_hole.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/suggest.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

using Kind = TemplateHole::Kind;

constexpr int64_t kRandomStringMax = 65'536;

struct Function {
  std::string_view name;
  Kind kind;
  std::string_view usage;
};

constexpr Function kFunctions[] = {
    {"random_int", Kind::kRandomInt, "random_int(low,high), whole numbers with low <= high"},
    {"random_float", Kind::kRandomFloat, "random_float(low,high), numbers with low <= high"},
    {"random_string", Kind::kRandomString, "random_string(length), length from 0 to 65536"},
    {"random_choice", Kind::kRandomChoice,
     "random_choice(a|b|c), in quotes what is empty or has one of ( ) { } | ' \""},
    {"uuid", Kind::kUuid, "uuid()"},
    {"timestamp", Kind::kTimestamp, "timestamp()"},
    {"timestamp_ms", Kind::kTimestampMs, "timestamp_ms()"},
    {"user_number", Kind::kUserNumber, "user_number()"},
    {"iteration", Kind::kIteration, "iteration()"},
    {"class_name", Kind::kClassName, "class_name()"},
};

const Function* FindFunction(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [name](const Function& each) { return each.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

// One value between parentheses.
struct Argument {
  std::string text;
  bool quoted = false;
};

// What the user wrote, for a message: one short line, whatever it holds.
std::string ShownHole(std::string_view text) {
  constexpr size_t kBytesMax = 80;
  std::string shown;
  AppendPrintable(text, kBytesMax, &shown);
  return shown;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Any letter of any script counts: all bytes of UTF-8 sequences do.
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c) || c == '-'; }

template <typename Number>
bool ReadNumber(const Argument& argument, Number* number) {
  const char* end = argument.text.data() + argument.text.size();
  const auto read = std::from_chars(argument.text.data(), end, *number);
  return !argument.quoted && read.ec == std::errc() && read.ptr == end;
}

TemplateLiteral MakeLiteral(Argument argument) {
  TemplateLiteral literal;
  literal.text = std::move(argument.text);
  if (!argument.quoted) {
    const auto value = ParseJson(literal.text);
    if (value.ok() && value->AsList() == nullptr && value->AsObject() == nullptr) {
      literal.value = *value;
      literal.json = literal.text;
      literal.text = value->IsNull() ? "" : literal.text;
      return literal;
    }
  }
  literal.value = Value(literal.text);
  literal.value.AppendJson(&literal.json);
  return literal;
}

class HoleParser final {
 public:
  HoleParser(std::string_view text, size_t offset) : text_(text), start_(offset), at_(offset) {}

  absl::StatusOr<TemplateHole> Parse() {
    SkipSpaces();
    SQUALL_RETURN_IF_ERROR(ParseSubject());
    while (true) {
      SkipSpaces();
      if (text_.substr(at_, 2) == "}}") {
        at_ += 2;
        return std::move(hole_);
      }
      if (Peek() != '|') {
        return Unexpected("'}}', or '|' and a filter");
      }
      ++at_;
      SkipSpaces();
      SQUALL_RETURN_IF_ERROR(ParseFilter());
    }
  }

  size_t offset() const { return at_; }

 private:
  // A variable or a function call.
  absl::Status ParseSubject() {
    const size_t start = at_;
    const std::string_view name = ReadName();
    if (name.empty()) {
      return Unexpected("a variable or a function");
    }
    if (Peek() == '(') {
      return ParseCall(name, start);
    }
    hole_.variable = name;
    while (Peek() == '.') {
      ++at_;
      const size_t part = at_;
      while (at_ < text_.size() && IsNamePart(text_[at_])) {
        ++at_;
      }
      if (at_ == part) {
        return Unexpected("a name or an index after '.'");
      }
      hole_.path += hole_.path.empty() ? "" : ".";
      hole_.path += text_.substr(part, at_ - part);
    }
    return absl::OkStatus();
  }

  absl::Status ParseCall(std::string_view name, size_t start) {
    const Function* function = FindFunction(name);
    if (function == nullptr) {
      std::vector<std::string> names;
      for (const Function& each : kFunctions) {
        names.emplace_back(each.name);
      }
      return UnknownName("function", name, names, start);
    }
    hole_.kind = function->kind;
    const char separator = function->kind == Kind::kRandomChoice ? '|' : ',';
    std::vector<Argument> arguments;
    SQUALL_RETURN_IF_ERROR(ReadArguments(separator, &arguments));
    if (!TakeArguments(std::move(arguments))) {
      return Error(start, fmt::format("must be {}; got '{}'", function->usage,
                                      ShownHole(text_.substr(start, at_ - start))));
    }
    return absl::OkStatus();
  }

  // Stores the arguments of the function; false when they do not fit.
  bool TakeArguments(std::vector<Argument> arguments) {
    switch (hole_.kind) {
      case Kind::kRandomInt:
        return arguments.size() == 2 && ReadNumber(arguments[0], &hole_.low) &&
               ReadNumber(arguments[1], &hole_.high) && hole_.low <= hole_.high;
      case Kind::kRandomFloat: {
        double high = 0;
        if (arguments.size() != 2 || !ReadNumber(arguments[0], &hole_.low_real) ||
            !ReadNumber(arguments[1], &high)) {
          return false;
        }
        hole_.width_real = high - hole_.low_real;
        return std::isfinite(hole_.width_real) && hole_.width_real >= 0;
      }
      case Kind::kRandomString:
        return arguments.size() == 1 && ReadNumber(arguments[0], &hole_.low) && hole_.low >= 0 &&
               hole_.low <= kRandomStringMax;
      case Kind::kRandomChoice:
        return TakeChoices(std::move(arguments));
      default:
        return arguments.empty();
    }
  }

  bool TakeChoices(std::vector<Argument> arguments) {
    // One choice with commas is somebody who took ',' for the separator.
    if (arguments.empty() || (arguments.size() == 1 && !arguments[0].quoted &&
                              arguments[0].text.find(',') != std::string::npos)) {
      return false;
    }
    for (Argument& argument : arguments) {
      if (argument.text.empty() && !argument.quoted) {
        return false;
      }
      hole_.choices.push_back(MakeLiteral(std::move(argument)));
    }
    return true;
  }

  absl::Status ParseFilter() {
    const size_t start = at_;
    const std::string_view name = ReadName();
    const bool later_done = hole_.as_url || (hole_.as_json && name != "url") ||
                            (!hole_.fallback.empty() && name == "default");
    if (name == "default") {
      SkipSpaces();
      std::vector<Argument> arguments;
      if (Peek() == '(') {
        SQUALL_RETURN_IF_ERROR(ReadArguments(',', &arguments));
      }
      if (arguments.size() != 1 || (arguments[0].text.empty() && !arguments[0].quoted)) {
        return Error(start, "must be default('text')");
      }
      if (hole_.kind != Kind::kVariable) {
        return Error(start, "must be on a variable: a function always has a value");
      }
      hole_.fallback.push_back(MakeLiteral(std::move(arguments[0])));
    } else if (name == "json") {
      hole_.as_json = true;
    } else if (name == "url") {
      hole_.as_url = true;
    } else if (name.empty()) {
      return Unexpected("a filter (json, url or default('text'))");
    } else {
      return UnknownName("filter", name, {"json", "url", "default"}, start);
    }
    if (later_done) {
      return Error(start, "must have its filters in the order default, json, url, each once");
    }
    return absl::OkStatus();
  }

  // "(a, 'b c')": at_ stands on '(' and ends behind ')'.
  absl::Status ReadArguments(char separator, std::vector<Argument>* arguments) {
    const size_t open = at_++;
    SkipSpaces();
    if (Peek() == ')') {
      ++at_;
      return absl::OkStatus();
    }
    while (true) {
      SkipSpaces();
      Argument argument;
      if (Peek() == '\'' || Peek() == '"') {
        SQUALL_RETURN_IF_ERROR(ReadQuoted(&argument));
      } else {
        const size_t start = at_;
        while (at_ < text_.size() && Peek() != separator &&
               std::string_view("(){}'\"").find(Peek()) == std::string_view::npos) {
          ++at_;
        }
        argument.text = text_.substr(start, at_ - start);
        while (!argument.text.empty() && IsSpace(argument.text.back())) {
          argument.text.pop_back();
        }
      }
      arguments->push_back(std::move(argument));
      SkipSpaces();
      const char next = Peek();
      if (next != separator && next != ')') {
        return next == '}' || next == '\0'
                   ? Error(open, "'(' must be closed by ')'")
                   : Unexpected(fmt::format("'{}' or ')' (put text with ( ) {{ }} ' \" in quotes)",
                                            separator));
      }
      ++at_;
      if (next == ')') {
        return absl::OkStatus();
      }
    }
  }

  // 'text' or "text"; a backslash keeps the quote or the backslash that follows.
  absl::Status ReadQuoted(Argument* argument) {
    const size_t open = at_;
    const char quote = text_[at_++];
    argument->quoted = true;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (text_[at_] == '\\' && (next == quote || next == '\\')) {
        ++at_;
      }
      argument->text.push_back(text_[at_]);
    }
    if (at_ >= text_.size()) {
      return Error(open, fmt::format("the quote {} must be closed", quote));
    }
    ++at_;
    return absl::OkStatus();
  }

  std::string_view ReadName() {
    const size_t start = at_;
    if (at_ < text_.size() && IsNameStart(text_[at_])) {
      while (at_ < text_.size() && IsNamePart(text_[at_])) {
        ++at_;
      }
    }
    return text_.substr(start, at_ - start);
  }

  void SkipSpaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) {
      ++at_;
    }
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  absl::Status Error(size_t offset, std::string_view message) const {
    return absl::InvalidArgumentError(fmt::format("offset {}: {}", offset, message));
  }

  absl::Status Unexpected(std::string_view expected) const {
    if (at_ >= text_.size()) {
      return Error(start_ - 2, "'{{' must be closed by '}}' (write '{{{{' for the text '{{')");
    }
    const char c = text_[at_];
    const std::string shown = c >= ' ' && c <= '~'
                                  ? fmt::format("'{}'", c)
                                  : fmt::format("byte 0x{:02X}", static_cast<unsigned char>(c));
    return Error(at_, fmt::format("must be {}, got {} (names have letters, digits, '_' and '-')",
                                  expected, shown));
  }

  absl::Status UnknownName(std::string_view what, std::string_view name,
                           const std::vector<std::string>& known, size_t offset) const {
    const std::string nearest = SuggestNearest(name, known);
    const std::string remedy = nearest.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                               : fmt::format("did you mean '{}'?", nearest);
    return Error(offset,
                 fmt::format("must be a known {}, got '{}'; {}", what, ShownHole(name), remedy));
  }

  std::string_view text_;
  size_t start_;  // behind "{{"
  size_t at_;
  TemplateHole hole_;
};

}  // namespace

absl::StatusOr<TemplateHole> ParseTemplateHole(std::string_view text, size_t* offset) {
  HoleParser parser(text, *offset);
  auto hole = parser.Parse();
  *offset = parser.offset();
  return hole;
}

bool IsTemplateFunction(std::string_view name) { return FindFunction(name) != nullptr; }

}  // namespace squall
