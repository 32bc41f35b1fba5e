// The bundle of a build without Node (SQUALL_WITH_WEB=OFF, or no npm on the machine).
#include "web/bundle.h"

namespace squall {
namespace {

constexpr std::string_view kIndexHtml = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Squall: no web UI in this build</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/app-none.css">
    <script type="module" src="/assets/app-none.js"></script>
  </head>
  <body>
    <main>
      <h1>No web UI in this build</h1>
      <p>This program was built without Node, so the page is not in it. The API below
      <code>/api/v1/</code> works, and so do the command line and its reports.</p>
      <p>Install Node 18 or newer with npm (<code>scripts/setup</code> does), then configure and
      build again with <code>-DSQUALL_WITH_WEB=ON</code>.</p>
    </main>
  </body>
</html>
)";
constexpr std::string_view kJs = "// Squall was built without its web UI.\n";
constexpr std::string_view kCss =
    "body { font-family: sans-serif; line-height: 1.5; max-width: 40rem; margin: 3rem auto; "
    "padding: 0 1rem; color-scheme: light dark; }\n";
constexpr std::string_view kIcon =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>)";

}  // namespace

const WebBundle& TheWebBundle() {
  static constexpr WebBundle bundle{kIndexHtml, kJs, kCss, kIcon, "none", "none", false};
  return bundle;
}

}  // namespace squall
