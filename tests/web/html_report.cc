// web_html_report: the view of a run (JSON, web/src/api.ts) on standard input, its HTML report on
// standard output. A test can make the view of a run that would take a day.
#include "daemon/report/html_report.h"

#include <iostream>
#include <iterator>
#include <string>

int main() {
  const std::string view((std::istreambuf_iterator<char>(std::cin)),
                         std::istreambuf_iterator<char>());
  std::cout << squall::HtmlReportOf(view);
  return std::cout.flush() ? 0 : 1;
}
