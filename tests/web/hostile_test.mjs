// Hostile request names and error texts: HTML, scripts, a megabyte, invalid UTF-8, marks that turn
// text around, formulas. All of it is text, in the page, the report and the CSV.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Api } from './api.mjs';
import { openBrowser, openPage, screenshot } from './browser.mjs';
import { ask, LIMIT, ROOT, sleep, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

const MARKUP = `<img src=x onerror="alert('name')"><script>alert(1)</script></script><x-planted>bold</x-planted>`;
const FORMULA = `=cmd|' /C calc'!A0`;
// What must not stand in the page as itself: marks that turn text around, and NUL.
const UNSEEN = /[\u202a-\u202e\u2066-\u2069\u0000]/;
const SHOWN_MAX = 301; // characters of a name of a megabyte, with the mark of the cut
const VIEWS = [/statistics/i, /charts/i, /failures/i, /exceptions/i, /tasks|ratio/i, /log|events/i];

let place;
let browser;
before(async () => {
  place = new Workplace();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

test('hostile names and errors are text in the page, the report and the CSV', LIMIT, async () => {
  const target = await place.target();
  const program = await place.start('squall',
    ['run', '-f', join(ROOT, 'tests/web/hostile_names.py'), '--host', target.url, '--web-port', '0'], '--web-port-file');
  const api = new Api(program.url);
  const page = await openPage(browser);
  const squall = await SquallPage.open(page, program.url);
  await squall.start({ users: 1, 'spawn rate': 1 });
  await squall.waitForRequests('Aggregated', 30);
  const [{ id }] = await api.runs();
  await sleep(1500);
  await lookAround(squall, 'page');
  await api.post(`runs/${id}/stop`, { reason: `enough \u202e ${MARKUP}` });
  await api.waitUntilOver(id);
  await squall.waitForText(/PASS|FAIL|INVALID/);
  await lookAround(squall, 'page');
  assert.deepEqual(page.sins, []);
  await page.context().close();

  const report = await ask(`${program.url}/api/v1/runs/${id}/report?format=html`);
  assert.equal(report.status, 200);
  const path = place.path('hostile.html');
  writeFileSync(path, report.bytes);
  const frozen = await openPage(browser, { offline: true });
  await frozen.goto(pathToFileURL(path).href);
  await lookAround(new SquallPage(frozen), 'report');
  assert.deepEqual(frozen.sins, []);
  await frozen.context().close();

  for (const format of ['csv_stats', 'csv_failures', 'csv_exceptions']) {
    assertNoFormula((await ask(`${program.url}/api/v1/runs/${id}/report?format=${format}`)).text, format);
  }
  for (const address of ['/stats/requests/csv', '/stats/failures/csv', '/exceptions/csv']) {
    assertNoFormula((await ask(program.url + address)).text, address);
  }
});

// Shows every view; nothing that hostile text asks for may have happened.
async function lookAround(squall, where) {
  for (const view of VIEWS) {
    await squall.show(view);
    await sleep(300);
    const planted = await squall.page.evaluate(
      () => document.querySelectorAll('img[src="x"], x-planted').length);
    assert.equal(planted, 0, `${where}, ${view}: markup of a name became elements`);
    const unseen = (await squall.text()).match(UNSEEN);
    assert.equal(unseen, null, `${where}, ${view}: U+${unseen?.[0].charCodeAt(0).toString(16)} at ${unseen?.index}`);
    const overflow = await squall.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 1, `${where}, ${view}: a long name makes the page ${overflow} px too wide`);
    await screenshot(squall.page, `hostile-${where}-${view.source.replace(/\W.*/, '')}`);
  }
  await squall.show(/statistics/i);
  const shown = (await squall.table('Name')).map((row) => row.Name);
  assert.ok(shown.some((name) => name.includes('<script>alert(1)</script>')), `${where}: markup as text`);
  assert.ok(shown.some((name) => name.includes(FORMULA)), `${where}: ${FORMULA}`);
  const longest = Math.max(...shown.map((name) => [...name].length));
  assert.ok(longest > 100 && longest <= SHOWN_MAX, `${where}: the longest name shown has ${longest} characters`);
  // Python has already put marks in the place of what is no text.
  assert.ok(shown.includes('broken ?? bytes'), `${where}: invalid UTF-8 became text`);
  assert.ok(shown.some((name) => name.includes('zero⟨0000⟩byte')), `${where}: NUL is written out`);
  assert.ok(shown.some((name) => name.includes('rtl ⟨202E⟩evil⟨202C⟩')), `${where}: RTL marks are written out`);
  await squall.show(/failures/i);
  assert.ok((await squall.text()).includes(MARKUP.slice(0, 20)), `${where}: markup in the failures`);
  await squall.show(/exceptions/i);
  assert.ok((await squall.text()).includes(MARKUP.slice(0, 20)), `${where}: markup in the exceptions`);
}

// Records of a CSV text by RFC 4180.
function cellsOf(text) {
  const cells = [];
  const pattern = /(?:^|,|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g;
  for (const match of text.matchAll(pattern)) cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  return cells;
}

function assertNoFormula(text, where) {
  const cells = cellsOf(text);
  assert.ok(cells.length >= 8 && text.includes('x-planted'), `${where}: ${text.slice(0, 200)}`);
  for (const cell of cells) {
    const formula = /^[=+\-@\t\r]/.test(cell) && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(cell);
    assert.ok(!formula, `${where}: a spreadsheet takes ${JSON.stringify(cell.slice(0, 60))} for a formula`);
  }
}
