#include "daemon/plan/csv.h"

#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/scalar.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

constexpr size_t kColumnsMax = 1000;

struct Field {
  std::string text;
  bool quoted = false;
};
using Record = std::vector<Field>;

class CsvReader final {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) {
      rest_.remove_prefix(3);  // spreadsheets write a byte order mark
    }
  }

  bool AtEnd() const { return rest_.empty(); }
  int line() const { return record_line_; }

  absl::StatusOr<Record> Next() {
    Record record;
    record_line_ = line_;
    while (true) {
      Field field;
      if (rest_.starts_with('"')) {
        SQUALL_ASSIGN_OR_RETURN(field, TakeQuoted());
      } else {
        SQUALL_ASSIGN_OR_RETURN(field, TakePlain());
      }
      record.push_back(std::move(field));
      if (record.size() > kColumnsMax) {
        return Error(fmt::format("must not have more than {} columns", kColumnsMax));
      }
      if (!rest_.starts_with(',')) {
        TakeLineEnd();
        return record;
      }
      rest_.remove_prefix(1);
    }
  }

  absl::Status Error(std::string_view message) const {
    return absl::InvalidArgumentError(fmt::format("line {}: {}", record_line_, message));
  }

 private:
  absl::StatusOr<Field> TakePlain() {
    const size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    Field field{std::string(rest_.substr(0, end)), false};
    if (field.text.find('"') != std::string::npos) {
      return Error("must have a field with quotes in it inside quotes, doubled: \"a \"\"b\"\" c\"");
    }
    rest_.remove_prefix(end);
    return field;
  }

  absl::StatusOr<Field> TakeQuoted() {
    Field field{"", true};
    rest_.remove_prefix(1);
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) {
        return Error("must close the quotes that are opened");
      }
      for (const char c : rest_.substr(0, quote)) {
        line_ += c == '\n' ? 1 : 0;
      }
      field.text += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) {
        break;
      }
      field.text += '"';
      rest_.remove_prefix(1);
    }
    if (!rest_.empty() && std::string_view(",\r\n").find(rest_.front()) == std::string_view::npos) {
      return Error("must have a comma or the end of the line after closing quotes");
    }
    return field;
  }

  void TakeLineEnd() {
    if (rest_.starts_with('\r')) {
      rest_.remove_prefix(1);
    }
    if (rest_.starts_with('\n')) {
      rest_.remove_prefix(1);
    }
    ++line_;
  }

  std::string_view rest_;
  int line_ = 1;
  int record_line_ = 1;
};

Value FieldValue(Field field) {
  if (!field.quoted) {
    const std::optional<Value> value = ScalarToValue(field.text);
    if (value && value->ToText() == field.text) {
      return *value;
    }
  }
  return Value(std::move(field.text));
}

bool IsEmptyLine(const Record& record) {
  return record.size() == 1 && record[0].text.empty() && !record[0].quoted;
}

absl::Status CheckHeader(const Record& header, const CsvReader& reader) {
  std::set<std::string> seen;
  for (const Field& field : header) {
    if (field.text.empty()) {
      return reader.Error("must have a header row that names every column");
    }
    if (!seen.insert(field.text).second) {
      return reader.Error(fmt::format("must not name the column '{}' twice", Shown(field.text)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Value>> ReadCsv(std::string_view text) {
  CsvReader reader(text);
  Record header;
  std::vector<Value> rows;
  while (!reader.AtEnd()) {
    SQUALL_ASSIGN_OR_RETURN(Record record, reader.Next());
    if (IsEmptyLine(record)) {
      continue;
    }
    if (header.empty()) {
      SQUALL_RETURN_IF_ERROR(CheckHeader(record, reader));
      header = std::move(record);
      continue;
    }
    if (record.size() != header.size()) {
      return reader.Error(fmt::format("must have {} fields as the header row, got {}",
                                      header.size(), record.size()));
    }
    ValueObject row;
    for (size_t i = 0; i < record.size(); ++i) {
      row.emplace_back(header[i].text, FieldValue(std::move(record[i])));
    }
    rows.emplace_back(std::move(row));
  }
  if (header.empty()) {
    return absl::InvalidArgumentError("must have a header row");
  }
  return rows;
}

}  // namespace squall
