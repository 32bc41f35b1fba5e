#include "operator/loadtest/report_objects.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "daemon/report/csv.h"
#include "daemon/report/json_report.h"
#include "daemon/report/junit.h"
#include "operator/loadtest/children.h"

namespace squall {
namespace {

constexpr size_t kPlainBytesMax = 200'000;   // of one text
constexpr size_t kObjectBytesMax = 950'000;  // below the mebibyte, with what else is in the object
constexpr int kGzip = 16;                    // zlib's window bits for gzip's frame

// gunzip reads it.
std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
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
      packed.emplace_back(key, Gzip(text));
      bytes += packed.back().second.size() * 4 / 3;
    }
  }
  if (bytes > kObjectBytesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("the report must be at most {} bytes to fit into a ConfigMap, it has {}: ask "
                    "for fewer formats in spec.results.report.formats",
                    kObjectBytesMax, bytes));
  }
  return ReportConfigMap(test, texts, packed);
}

}  // namespace squall
