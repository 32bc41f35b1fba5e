// The web app inside the program: what web/src becomes when Vite has built it, or, in a build
// without Node, a small page that says so. Constant data, any thread.
//
// index_html refers to /assets/app-<js_hash>.js and /assets/app-<css_hash>.css and has no inline
// script. app_js and app_css may be put between <script> and <style> tags as they are: embed.mjs
// has checked that neither contains what would end them.
#pragma once

#include <string_view>

namespace squall {

struct WebBundle {
  std::string_view index_html;
  std::string_view app_js;
  std::string_view app_css;
  std::string_view icon_svg;
  std::string_view js_hash;  // change with the content: URLs may be cached for ever
  std::string_view css_hash;
  bool built = false;  // false: the page that says that there is no UI
};

const WebBundle& TheWebBundle();

}  // namespace squall
