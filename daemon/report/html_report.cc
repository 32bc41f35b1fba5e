#include "daemon/report/html_report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/base/check.h"
#include "daemon/base/gzip.h"
#include "daemon/base/utf8.h"
#include "daemon/report/text.h"
#include "daemon/report/view_json.h"
#include "web/bundle.h"

namespace squall {
namespace {

// Whatever a name in the data may do to the page, it can neither load nor send anything.
constexpr std::string_view kPolicy =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'\">\n";

std::string HtmlText(std::string_view text) {
  std::string out;
  for (const char byte : Printable(text)) {
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += byte;
    }
  }
  return out;
}

// What the view says, as text; "" where it says nothing.
std::string TextAt(const boost::json::value& run, std::string_view key) {
  const boost::json::object* object = run.if_object();
  const boost::json::value* value = object == nullptr ? nullptr : object->if_contains(key);
  if (value == nullptr || value->is_null() || value->is_structured()) {
    return "";
  }
  if (const boost::json::string* text = value->if_string()) {
    return std::string(text->data(), text->size());
  }
  return value->is_double() ? fmt::format("{}", value->get_double()) : serialize(*value);
}

// The run of the view; null when there is none.
boost::json::value RunOf(std::string_view view_json) {
  boost::json::error_code error;
  boost::json::value view = boost::json::parse(view_json, error);
  const boost::json::object* object = error ? nullptr : view.if_object();
  const boost::json::value* run = object == nullptr ? nullptr : object->if_contains("run");
  return run == nullptr ? boost::json::value() : *run;
}

std::string Row(std::string_view label, std::string_view value) {
  return value.empty() ? ""
                       : fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", label,
                                     HtmlText(value));
}

// For those who see no more than this.
std::string PlainSummary(const boost::json::value& run) {
  std::string text = fmt::format("<h1>{}</h1>\n<p>Verdict: <strong>{}</strong></p>\n",
                                 HtmlText(TextAt(run, "plan")), HtmlText(TextAt(run, "verdict")));
  const boost::json::object* object = run.if_object();
  const boost::json::value* reasons = object == nullptr ? nullptr : object->if_contains("reasons");
  if (reasons != nullptr && reasons->is_array() && !reasons->get_array().empty()) {
    text += "<ul>\n";
    for (const boost::json::value& reason : reasons->get_array()) {
      if (const boost::json::string* line = reason.if_string()) {
        text += fmt::format("<li>{}</li>\n", HtmlText({line->data(), line->size()}));
      }
    }
    text += "</ul>\n";
  }
  return text + "<table>\n" + Row("Target", TextAt(run, "host")) +
         Row("Started", TextAt(run, "started_at")) + Row("Ended", TextAt(run, "ended_at")) +
         Row("Requests", TextAt(run, "requests")) + Row("Failures", TextAt(run, "failures")) +
         Row("Requests per second", TextAt(run, "requests_per_second")) + "</table>\n";
}

// Puts `text` in the place of the tag that holds `mark`, up to the end of `closing`. Vite has
// written the page, and embed.mjs has checked that it refers to both files.
void ReplaceTag(std::string_view mark, std::string_view closing, std::string_view text,
                std::string* page) {
  const size_t at = page->find(mark);
  SQUALL_CHECK(at != std::string::npos);
  const size_t begin = page->rfind('<', at);
  const size_t end = page->find(closing, at);
  SQUALL_CHECK(begin != std::string::npos && end != std::string::npos);
  page->replace(begin, end + closing.size() - begin, text);
}

std::string DataBlock(std::string_view view_json) {
  return fmt::format("<script type=\"application/octet-stream\" id=\"squall-data\">{}</script>\n",
                     EncodeBase64(Gzip(view_json, GzipEffort::kUsual)));
}

std::string AppReport(const WebBundle& bundle, std::string_view title, std::string_view summary,
                      std::string_view data) {
  std::string page(bundle.index_html);
  ReplaceTag(fmt::format("/assets/app-{}.css", bundle.css_hash), ">",
             fmt::format("<style>{}</style>", bundle.app_css), &page);
  ReplaceTag(fmt::format("/assets/app-{}.js", bundle.js_hash), "</script>", "", &page);
  const std::string icon =
      fmt::format("data:image/svg+xml;base64,{}", EncodeBase64(bundle.icon_svg));
  if (const size_t at = page.find("/icon.svg"); at != std::string::npos) {
    page.replace(at, std::string_view("/icon.svg").size(), icon);
  }
  // Only now: what a plan is called may hold any mark that was searched for above.
  ReplaceTag("<title>", "</title>", fmt::format("{}<title>{}</title>", kPolicy, title), &page);
  const size_t end = page.rfind("</body>");
  SQUALL_CHECK(end != std::string::npos);
  page.insert(end, fmt::format("<noscript>\n{}<p>The tables and charts of this report need "
                               "JavaScript.</p>\n</noscript>\n{}<script type=\"module\">{}"
                               "</script>\n",
                               summary, data, bundle.app_js));
  return page;
}

std::string PlainReport(std::string_view title, std::string_view summary, std::string_view data) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n{}</head>\n<body>\n{}<p>This report was written by a build without the "
      "web app, so it has no tables and charts.</p>\n{}</body>\n</html>\n",
      title, kPolicy, summary, data);
}

}  // namespace

std::string HtmlReport(const RunReport& report) { return HtmlReportOf(ViewJson(report)); }

std::string HtmlReportOf(std::string_view view_json) {
  const boost::json::value run = RunOf(view_json);
  const std::string title = HtmlText(TextAt(run, "plan")) + ": load test";
  const std::string summary = PlainSummary(run);
  const std::string data = DataBlock(view_json);
  const WebBundle& bundle = TheWebBundle();
  return bundle.built ? AppReport(bundle, title, summary, data) : PlainReport(title, summary, data);
}

}  // namespace squall
