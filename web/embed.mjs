// node embed.mjs DIST OUT.cc: what Vite has made, as the C++ values of web/bundle.h. String literals
// of the generated file hold no path, so that ccache finds them again from any clone.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [dist, out] = process.argv.slice(2);

function fail(message) {
  console.error(`embed: ${message}`);
  process.exit(1);
}

// The one file `assets/app-HASH.<kind>`, with its hash.
function asset(kind) {
  const pattern = new RegExp(`^app-([\\w-]+)\\.${kind}$`);
  const names = readdirSync(join(dist, 'assets')).filter((name) => pattern.test(name));
  if (names.length !== 1) fail(`must find one app-HASH.${kind} in ${dist}/assets, found ${names.length}`);
  const text = readFileSync(join(dist, 'assets', names[0]));
  return { name: names[0], text, hash: pattern.exec(names[0])[1] };
}

// C++ string literals, a line each of a few kilobytes; bytes that are not plain become octal escapes
// of three digits, which no digit after them can lengthen.
function literal(bytes) {
  const lines = [];
  let line = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f;
    line += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
    if (line.length > 4000) {
      lines.push(line);
      line = '';
    }
  }
  lines.push(line);
  return lines.map((part) => `    "${part}"`).join('\n');
}

const index = readFileSync(join(dist, 'index.html'));
const icon = readFileSync(join(dist, 'icon.svg'));
const js = asset('js');
const css = asset('css');
const page = index.toString();
for (const { name } of [js, css]) {
  if (!page.includes(`"/assets/${name}"`)) fail(`index.html must refer to /assets/${name}`);
}
if (/<script(?![^>]*\ssrc=)/.test(page)) fail('index.html must have no inline script: the CSP forbids it');
// An HTML report carries both inside <script> and <style>.
if (/<\/script|<!--/i.test(js.text.toString())) fail('the script must contain neither "</script" nor "<!--"');
if (/<\/style/i.test(css.text.toString())) fail('the style sheet must not contain "</style"');

const fields = { index_html: index, app_js: js.text, app_css: css.text, icon_svg: icon };
fields.js_hash = Buffer.from(js.hash);
fields.css_hash = Buffer.from(css.hash);
// The lengths are said, since a literal may hold zeros.
const constants = Object.entries(fields).map(
  ([name, bytes]) => `constexpr std::string_view ${name}{\n${literal(bytes)},\n    ${bytes.length}};\n`,
);
writeFileSync(
  out,
  `// Made by web/embed.mjs of what Vite made. Do not edit.
#include "web/bundle.h"

namespace squall {
namespace {

${constants.join('\n')}
}  // namespace

const WebBundle& TheWebBundle() {
  static constexpr WebBundle bundle{index_html, app_js, app_css, icon_svg, js_hash, css_hash, true};
  return bundle;
}

}  // namespace squall
`,
);
