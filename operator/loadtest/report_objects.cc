#include "operator/loadtest/report_objects.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "daemon/base/base64.h"
#include "daemon/base/gzip.h"
#include "daemon/report/csv.h"
#include "daemon/report/json_report.h"
#include "daemon/report/junit.h"
#include "daemon/report/view_json.h"
#include "operator/loadtest/children.h"

namespace squall {
namespace {

constexpr size_t kPlainBytesMax = 200'000;   // of one text
constexpr size_t kObjectBytesMax = 950'000;  // below the mebibyte, with what else is in the object
constexpr int kGzip = 16;                    // zlib's window bits for gzip's frame
constexpr size_t kUnpackedBytesMax = 256 << 20;
constexpr std::string_view kViewKey = "view.json";

constexpr std::pair<std::string_view, std::string_view> kKeys[] = {
    {"json", "report.json"}, {"csv_stats", "stats.csv"}, {"csv_failures", "failures.csv"},
    {"junit", "junit.xml"},  {"view", kViewKey},
};

// Nothing for what is not gzip, or is a bomb.
std::optional<std::string> Gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, MAX_WBITS + kGzip);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::string block(1 << 20, '\0');
  int state = Z_OK;
  while (state == Z_OK && text.size() < kUnpackedBytesMax) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(block, 0, block.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<std::string> TextIn(const boost::json::object* data, std::string_view key) {
  const boost::json::value* value = data == nullptr ? nullptr : data->if_contains(key);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>(*text);
}

std::vector<std::pair<std::string, std::string>> TextsOf(const LoadTest& test,
                                                         const RunReport& report) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const std::string& format : test.report_formats) {
    if (format == "JSON") {
      texts.emplace_back("report.json", JsonReport(report));
    } else if (format == "CSV") {
      texts.emplace_back("stats.csv", StatsCsv(report.total));
      texts.emplace_back("failures.csv", FailuresCsv(report.total));
    } else if (format == "JUnit") {
      texts.emplace_back("junit.xml", JunitReport(report));
    }
  }
  return texts;
}

}  // namespace

absl::StatusOr<boost::json::object> ReportObject(const LoadTest& test, const RunReport& report) {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::pair<std::string, std::string>> packed;
  size_t bytes = 0;
  for (auto& [key, text] : TextsOf(test, report)) {
    if (text.size() <= kPlainBytesMax) {
      bytes += text.size();
      texts.emplace_back(key, std::move(text));
    } else {
      packed.emplace_back(key, Gzip(text, GzipEffort::kBest));
      bytes += packed.back().second.size() * 4 / 3;
    }
  }
  if (bytes > kObjectBytesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("the report must be at most {} bytes to fit into a ConfigMap, it has {}: ask "
                    "for fewer formats in spec.results.report.formats",
                    kObjectBytesMax, bytes));
  }
  // Nobody reads it but the page, so it is always packed, and is left out rather than refused.
  std::string view =
      texts.empty() && packed.empty() ? "" : Gzip(ViewJson(report), GzipEffort::kBest);
  if (!view.empty() && bytes + view.size() * 4 / 3 <= kObjectBytesMax) {
    packed.emplace_back(kViewKey, std::move(view));
  }
  return ReportConfigMap(test, texts, packed);
}

absl::StatusOr<std::string> ReadReportObject(const boost::json::object& config_map,
                                             const std::string& format) {
  for (const auto& [name, key] : kKeys) {
    if (name != format) {
      continue;
    }
    const std::string packed_key = fmt::format("{}.gz", key);
    if (const auto text = TextIn(ObjectAt(config_map, "data"), key); text.has_value()) {
      return *text;
    }
    if (const auto coded = TextIn(ObjectAt(config_map, "binaryData"), packed_key);
        coded.has_value()) {
      const auto bytes = DecodeBase64(*coded);
      auto text = bytes.has_value() ? Gunzip(*bytes) : std::nullopt;
      if (text.has_value()) {
        return *std::move(text);
      }
      return absl::InvalidArgumentError(
          fmt::format("{} of ConfigMap {} must be gzip", packed_key, Name(config_map)));
    }
  }
  return absl::NotFoundError(
      fmt::format("ConfigMap {} holds no report '{}': name it in spec.results.report.formats",
                  Name(config_map), format));
}

}  // namespace squall
