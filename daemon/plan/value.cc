#include "daemon/plan/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kDepthMax = 64;

void AppendNumber(int64_t number, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out->append(digits.begin(), end);
}

void AppendNumber(double number, std::string* out) {
  // to_chars alone would write 1000000 as 1e+06, which no API expects in a price or an id.
  const double size = std::fabs(number);
  const bool plain = number == 0 || (size >= 1e-6 && size < 1e21);
  std::array<char, 64> digits;
  const auto end =
      plain ? std::to_chars(digits.begin(), digits.end(), number, std::chars_format::fixed).ptr
            : std::to_chars(digits.begin(), digits.end(), number).ptr;
  out->append(digits.begin(), end);
}

// 3 == 3.0, without the rounding that a cast of a large int64 to double would do.
bool SameNumber(int64_t whole, double number) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  return number >= -kLimit && number < kLimit && std::trunc(number) == number &&
         static_cast<int64_t>(number) == whole;
}

void AppendEscape(unsigned char byte, std::string* out) {
  switch (byte) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      constexpr std::string_view kHex = "0123456789abcdef";
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
  }
}

// Handler of Boost.JSON's event parser. It builds our values directly, instead of a Boost tree
// first, and reads doubles from their text, since Boost 1.81 may miss the last digit.
class ValueBuilder final {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the parser asks for these names.
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  // NOLINTEND(readability-identifier-naming)
  using Text = boost::json::string_view;
  using Error = boost::json::error_code;

  Value TakeResult() { return std::move(result_); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_array_begin(Error&) { return Open(false); }
  bool on_array_end(size_t, Error&) {
    ValueList list = std::move(open_.back().list);
    open_.pop_back();
    return Add(Value(std::move(list)));
  }
  bool on_object_begin(Error&) { return Open(true); }
  bool on_object_end(size_t, Error&) {
    ValueObject members = std::move(open_.back().members);
    open_.pop_back();
    return Add(Value(std::move(members)));
  }
  bool on_key_part(Text text, size_t, Error&) { return Keep(text); }
  bool on_key(Text text, size_t, Error&) {
    Keep(text);
    open_.back().members.emplace_back(std::move(text_), Value());
    text_.clear();
    return true;
  }
  bool on_string_part(Text text, size_t, Error&) { return Keep(text); }
  bool on_string(Text text, size_t, Error&) {
    Keep(text);
    const bool added = Add(Value(std::move(text_)));
    text_.clear();
    return added;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(int64_t number, Text, Error&) { return Add(Value(number)); }
  bool on_uint64(uint64_t number, Text, Error&) { return Add(Value(static_cast<double>(number))); }
  bool on_double(double number, Text text, Error&) {
    double exact = number;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    return Add(Value(read.ec == std::errc() ? exact : number));
  }
  bool on_bool(bool truth, Error&) { return Add(Value(truth)); }
  bool on_null(Error&) { return Add(Value()); }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  struct Frame {
    bool is_object = false;
    ValueList list;
    ValueObject members;
  };

  bool Open(bool is_object) {
    open_.push_back({is_object, {}, {}});
    return true;
  }
  bool Keep(Text text) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool Add(Value value) {
    if (open_.empty()) {
      result_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.back().second = std::move(value);
    } else {
      open_.back().list.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Frame> open_;  // lists and objects whose end has not come yet
  std::string text_;         // of a key or string that arrives in parts
  Value result_;
};

bool ParseIndex(std::string_view text, size_t* index) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), *index);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

Value::Value(ValueList list) : data_(std::make_shared<const ValueList>(std::move(list))) {}

Value::Value(ValueObject object) : data_(std::make_shared<const ValueObject>(std::move(object))) {}

const ValueList* Value::AsList() const {
  const auto* list = std::get_if<std::shared_ptr<const ValueList>>(&data_);
  return list == nullptr ? nullptr : list->get();
}

const ValueObject* Value::AsObject() const {
  const auto* object = std::get_if<std::shared_ptr<const ValueObject>>(&data_);
  return object == nullptr ? nullptr : object->get();
}

bool Value::ToNumber(double* number) const {
  if (const auto* whole = std::get_if<int64_t>(&data_)) {
    *number = static_cast<double>(*whole);
    return true;
  }
  if (const auto* real = std::get_if<double>(&data_)) {
    *number = *real;
    return true;
  }
  const std::string* text = AsString();
  if (text == nullptr) {
    return false;
  }
  double read = 0;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, read);
  // from_chars also reads "inf" and "nan", which no reply means as a number.
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(read)) {
    return false;
  }
  *number = read;
  return true;
}

const Value* Value::Find(std::string_view key) const {
  const ValueObject* object = AsObject();
  if (object == nullptr) {
    return nullptr;
  }
  for (auto member = object->rbegin(); member != object->rend(); ++member) {
    if (member->first == key) {
      return &member->second;
    }
  }
  return nullptr;
}

const Value* Value::FindDotted(std::string_view path) const {
  const Value* found = this;
  while (found != nullptr) {
    const size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    if (const ValueList* list = found->AsList()) {
      size_t index = 0;
      found = ParseIndex(part, &index) && index < list->size() ? &(*list)[index] : nullptr;
    } else {
      found = found->Find(part);
    }
    if (dot == std::string_view::npos) {
      return found;
    }
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

void Value::AppendText(std::string* out) const {
  if (const std::string* text = AsString()) {
    out->append(*text);
  } else if (const auto* real = std::get_if<double>(&data_)) {
    AppendNumber(*real, out);
  } else if (!IsNull()) {
    AppendJson(out);
  }
}

std::string Value::ToText() const {
  std::string text;
  AppendText(&text);
  return text;
}

void Value::AppendJson(std::string* out) const {
  if (const std::string* text = AsString()) {
    out->push_back('"');
    AppendJsonEscaped(*text, out);
    out->push_back('"');
  } else if (const auto* whole = std::get_if<int64_t>(&data_)) {
    AppendNumber(*whole, out);
  } else if (const auto* real = std::get_if<double>(&data_); real && std::isfinite(*real)) {
    AppendNumber(*real, out);
  } else if (const auto* truth = std::get_if<bool>(&data_)) {
    out->append(*truth ? "true" : "false");
  } else if (const ValueList* list = AsList()) {
    out->push_back('[');
    for (size_t i = 0; i < list->size(); ++i) {
      out->append(i == 0 ? "" : ",");
      (*list)[i].AppendJson(out);
    }
    out->push_back(']');
  } else if (const ValueObject* object = AsObject()) {
    out->push_back('{');
    for (size_t i = 0; i < object->size(); ++i) {
      out->append(i == 0 ? "\"" : ",\"");
      AppendJsonEscaped((*object)[i].first, out);
      out->append("\":");
      (*object)[i].second.AppendJson(out);
    }
    out->push_back('}');
  } else {
    out->append("null");
  }
}

bool Value::operator==(const Value& other) const {
  const auto* whole = std::get_if<int64_t>(&data_);
  const auto* real = std::get_if<double>(&data_);
  const auto* other_whole = std::get_if<int64_t>(&other.data_);
  const auto* other_real = std::get_if<double>(&other.data_);
  if (whole != nullptr && other_real != nullptr) {
    return SameNumber(*whole, *other_real);
  }
  if (real != nullptr && other_whole != nullptr) {
    return SameNumber(*other_whole, *real);
  }
  // The variant alone would compare where lists and objects are stored, not what is in them.
  if (AsList() != nullptr && other.AsList() != nullptr) {
    return *AsList() == *other.AsList();
  }
  if (AsObject() != nullptr && other.AsObject() != nullptr) {
    return *AsObject() == *other.AsObject();
  }
  return data_ == other.data_;
}

absl::StatusOr<Value> ParseJson(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kDepthMax;
  boost::json::basic_parser<ValueBuilder> parser(options);
  boost::json::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error == boost::json::error::too_deep) {
    return absl::InvalidArgumentError(
        fmt::format("must be JSON nested at most {} deep", kDepthMax));
  }
  if (error) {
    return absl::InvalidArgumentError(
        fmt::format("must be JSON: {} at offset {}", error.message(), used));
  }
  if (used < text.size()) {
    return absl::InvalidArgumentError(
        fmt::format("must be JSON: something follows its end at offset {}", used));
  }
  return parser.handler().TakeResult();
}

void AppendJsonEscaped(std::string_view text, std::string* out) {
  size_t plain = 0;  // start of the bytes that need no change
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool escape = byte < 0x20 || byte == '"' || byte == '\\';
    const size_t length = Utf8Length(text.substr(at));
    if (!escape && length > 0) {
      at += length;
      continue;
    }
    out->append(text.substr(plain, at - plain));
    if (escape) {
      AppendEscape(byte, out);
    } else {
      out->append("\xEF\xBF\xBD");
    }
    plain = ++at;
  }
  out->append(text.substr(plain));
}

}  // namespace squall
