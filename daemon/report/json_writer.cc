#include "daemon/report/json_writer.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

void AppendQuoted(std::string_view text, size_t bytes_max, std::string* result) {
  *result += '"';
  for (const char byte : ValidUtf8(text, bytes_max)) {
    switch (byte) {
      case '"':
        *result += "\\\"";
        break;
      case '\\':
        *result += "\\\\";
        break;
      case '\n':
        *result += "\\n";
        break;
      case '\r':
        *result += "\\r";
        break;
      case '\t':
        *result += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(byte) < 0x20 || byte == 0x7F) {
          *result += fmt::format("\\u{:04x}", static_cast<uint8_t>(byte));
        } else {
          *result += byte;
        }
    }
  }
  *result += '"';
}

}  // namespace

JsonWriter& JsonWriter::Key(std::string_view key) {
  SQUALL_CHECK(!open_.empty() && !after_key_);
  BeforeValue();
  AppendQuoted(key, kTextBytesMax, &text_);
  text_ += compact_ ? ":" : ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Value(std::string_view text) { return Text(text, kTextBytesMax); }

JsonWriter& JsonWriter::Text(std::string_view text, size_t bytes_max) {
  BeforeValue();
  AppendQuoted(text, bytes_max, &text_);
  return *this;
}

JsonWriter& JsonWriter::Value(double value) {
  return std::isfinite(value) ? Raw(fmt::format("{}", value)) : Null();
}

std::string JsonWriter::Take() {
  SQUALL_CHECK(open_.empty() && !after_key_);
  return std::exchange(text_, {}) + (compact_ ? "" : "\n");
}

JsonWriter& JsonWriter::Begin(char bracket, bool on_one_line) {
  BeforeValue();
  text_ += bracket;
  open_.push_back(
      {.on_one_line = on_one_line || compact_ || (!open_.empty() && open_.back().on_one_line)});
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  SQUALL_CHECK(!open_.empty() && !after_key_);
  const Open ended = open_.back();
  open_.pop_back();
  if (!ended.empty && !ended.on_one_line) {
    NewLine();
  }
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  BeforeValue();
  text_ += text;
  return *this;
}

void JsonWriter::BeforeValue() {
  if (std::exchange(after_key_, false) || open_.empty()) {
    return;
  }
  Open& inner = open_.back();
  if (!inner.empty) {
    text_ += inner.on_one_line && !compact_ ? ", " : ",";
  }
  inner.empty = false;
  if (!inner.on_one_line) {
    NewLine();
  }
}

void JsonWriter::NewLine() {
  text_ += '\n';
  text_.append(2 * open_.size(), ' ');
}

}  // namespace squall
