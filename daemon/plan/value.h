// A value that a step can hold: text, number, truth, list or object; the shape of JSON. Immutable
// after it is made, cheap to copy (compound values are shared), safe to read from many threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

class Value;
using ValueList = std::vector<Value>;
using ValueObject = std::vector<std::pair<std::string, Value>>;  // in the order of the text

class Value final {
 public:
  Value() = default;                                     // null
  Value(bool truth) : data_(truth) {}                    // NOLINT(google-explicit-constructor)
  Value(int number) : data_(int64_t{number}) {}          // NOLINT(google-explicit-constructor)
  Value(int64_t number) : data_(number) {}               // NOLINT(google-explicit-constructor)
  Value(double number) : data_(number) {}                // NOLINT(google-explicit-constructor)
  Value(std::string text) : data_(std::move(text)) {}    // NOLINT(google-explicit-constructor)
  Value(const char* text) : data_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Value(ValueList list);                                 // NOLINT(google-explicit-constructor)
  Value(ValueObject object);                             // NOLINT(google-explicit-constructor)

  bool IsNull() const { return std::holds_alternative<std::monostate>(data_); }
  // Each is nullptr when the value is of another kind.
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const int64_t* AsInteger() const { return std::get_if<int64_t>(&data_); }
  const double* AsDouble() const { return std::get_if<double>(&data_); }
  const std::string* AsString() const { return std::get_if<std::string>(&data_); }
  const ValueList* AsList() const;      // nullptr when it is not one
  const ValueObject* AsObject() const;  // nullptr when it is not one
  // A number, or a text that is one from end to end.
  bool ToNumber(double* number) const;

  // The member of an object, the last one of that name; nullptr when there is none.
  const Value* Find(std::string_view key) const;
  // "a.b.0.c": members and list indexes; nullptr when the path leads nowhere.
  const Value* FindDotted(std::string_view path) const;

  // As it reads in a URL or a body: text as it is, numbers in the shortest form that reads back
  // exactly (999.99, 3), true, null as "", lists and objects as compact JSON.
  void AppendText(std::string* out) const;
  std::string ToText() const;
  // Compact JSON of any value (text is quoted and escaped); infinities and NaN become null.
  void AppendJson(std::string* out) const;

  // The same kind and content, members in the same order; 3 and 3.0 are the same number.
  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, std::shared_ptr<const ValueList>,
               std::shared_ptr<const ValueObject>>
      data_;
};

// Reads JSON text (UTF-8). INVALID_ARGUMENT for bad JSON or nesting deeper than 64. Whole numbers
// beyond int64 become doubles, doubles out of range infinite; members keep their order.
absl::StatusOr<Value> ParseJson(std::string_view text);

// Appends `text` escaped for the inside of a JSON string literal, without quotes. Bytes that are
// not UTF-8 become U+FFFD, so the result is always valid JSON.
void AppendJsonEscaped(std::string_view text, std::string* out);

}  // namespace squall
