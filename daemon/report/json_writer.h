// Writes JSON in the order of the calls, so that the same run gives the same bytes: pretty, for
// files that people look into, or compact, for pages. (The JSON library of this house writes
// numbers such as 2.5E1.) One thread; misuse — a value without a key inside an object, or
// unbalanced ends — is a bug of the caller.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace squall {

class JsonWriter final {
 public:
  enum class Style : uint8_t { kPretty, kCompact };
  explicit JsonWriter(Style style = Style::kPretty) : compact_(style == Style::kCompact) {}

  JsonWriter& BeginObject() { return Begin('{', false); }
  JsonWriter& EndObject() { return End('}'); }
  JsonWriter& BeginArray() { return Begin('[', false); }
  JsonWriter& EndArray() { return End(']'); }
  // An object and an array that stay on one line, with all that is in them.
  JsonWriter& BeginLine() { return Begin('{', true); }
  JsonWriter& BeginArrayLine() { return Begin('[', true); }
  JsonWriter& Key(std::string_view key);

  // Not UTF-8 becomes U+FFFD; beyond kTextBytesMax (text.h) it is cut.
  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  JsonWriter& Value(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Value(double value);  // the shortest digits; null unless finite
  template <std::integral Integer>
  JsonWriter& Value(Integer value) {
    return Raw(std::to_string(value));
  }
  JsonWriter& Null() { return Raw("null"); }
  // The same with another bound.
  JsonWriter& Text(std::string_view text, size_t bytes_max);
  // A number whose digits the caller has chosen, or a value that another writer has made.
  JsonWriter& Number(std::string_view digits) { return Raw(digits); }

  template <typename Type>
  JsonWriter& Field(std::string_view key, const Type& value) {
    return Key(key).Value(value);
  }

  // The finished text, a pretty one with a newline at its end; the writer is empty afterwards.
  std::string Take();

 private:
  struct Open {
    bool empty = true;  // nothing in it yet
    bool on_one_line = false;
  };

  JsonWriter& Begin(char bracket, bool on_one_line);
  JsonWriter& End(char bracket);
  JsonWriter& Raw(std::string_view text);
  void BeforeValue();
  void NewLine();

  const bool compact_;
  std::string text_;
  std::vector<Open> open_;  // objects and arrays, outermost first
  bool after_key_ = false;
};

}  // namespace squall
