// A first-time visitor, from an empty page to the report that opens without a network.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { Api, planOf } from './api.mjs';
import { numberIn, openBrowser, openPage, screenshot } from './browser.mjs';
import { LIMIT, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

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

async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name }).or(page.getByRole('button', { name })).first().click(),
  ]);
  const path = place.path(file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

// The page's figures of a request name against the JSON report's.
function assertSameFigures(row, entry, where) {
  const shown = (pattern) => {
    const key = Object.keys(row).find((heading) => pattern.test(heading));
    assert.ok(key, `${where}: a column like ${pattern}, has ${Object.keys(row).join(', ')}`);
    return numberIn(row[key]);
  };
  const near = (value, expected, what) =>
    assert.ok(Math.abs(value - expected) <= Math.max(0.006 * expected, 0.5), `${where}: ${what} ${value}, report ${expected}`);
  assert.equal(shown(/^#? ?requests$/i), entry.requests, `${where}: requests`);
  assert.equal(shown(/^#? ?(fails|failures)$/i), entry.failures, `${where}: failures`);
  near(shown(/^(p50|median|50 ?%)/i), entry.response_ms.percentiles['50'], 'p50');
  near(shown(/^(p95|95 ?%)/i), entry.response_ms.percentiles['95'], 'p95');
  near(shown(/^(p99|99 ?%)$/i), entry.response_ms.percentiles['99'], 'p99');
}

async function assertPageShowsReport(squall, report, where) {
  const names = new Map(report.entries.map((entry) => [entry.name, entry]));
  names.set('Aggregated', report.totals);
  for (const [name, entry] of names) {
    const row = await squall.statistics(name);
    assert.ok(row, `${where}: a row for ${name}`);
    assertSameFigures(row, entry, `${where}, ${name}`);
  }
}

test('a first-time visitor starts a test, doubles the users, stops it and keeps the report', LIMIT, async () => {
  const target = await place.target('--latency', '5ms..40ms', '--error-rate', '0.05');
  const plan = place.write(
    'plan.yaml',
    planOf(target, '{users: 5, spawn_rate: 100, run_time: 10m}',
      'think: 20ms', 'get: {path: /products, name: List}', 'get: {path: /products/1, name: Laptop}'),
  );
  const program = await place.run(plan);
  const api = new Api(program.url);
  const page = await openPage(browser);
  const changes = [];
  page.on('request', (request) => request.method() === 'PATCH' && changes.push(request.postDataJSON()));
  const squall = await SquallPage.open(page, program.url);

  await squall.button(/^start/i).waitFor();
  await screenshot(page, 'visitor-1-form');
  await squall.start({ users: 6 });

  const first = await squall.waitForRequests('Aggregated', 5);
  await screenshot(page, 'visitor-2-running');
  const more = await squall.waitForRequests('Aggregated', numberIn(first.Requests) + 50);
  assert.notDeepEqual(first, more, 'the numbers move');

  const [{ id }] = await api.runs();
  await waitFor(async () => (await api.run(id)).users === 6, 'six users');
  await doubleTheUsers(squall);
  await waitFor(async () => (await api.run(id)).users === 12, 'twice as many users');
  assert.deepEqual(changes.at(-1), { users: 12, spawn_rate: 100 }, 'by the plan’s own spawn rate');
  await squall.show(/charts/i);
  await page.locator('canvas').first().waitFor();
  await screenshot(page, 'visitor-3-doubled');

  await squall.stop();
  await api.waitUntilOver(id);
  await squall.show(/statistics/i);
  await squall.waitForText(/PASS|FAIL|INVALID/);
  const report = await api.report(id);
  await waitFor(async () => (await squall.statistics('Aggregated')).Requests.replace(/\D/g, '') === `${report.totals.requests}`,
    'the final figures');
  await assertPageShowsReport(squall, report, 'page');
  await screenshot(page, 'visitor-4-stopped');

  await squall.show(/download/i).catch(() => {});
  const csv = readFileSync(await download(page, /(requests|statistics).*csv|csv.*(statistics|requests)/i), 'utf8');
  const aggregated = csv.split('\n').find((line) => line.includes('Aggregated'));
  assert.ok(aggregated.includes(`,${report.totals.requests},${report.totals.failures},`), aggregated);
  const html = await download(page, /html/i);
  assert.deepEqual(page.sins, []);
  await page.context().close();

  await openOffline(html, report);
});

async function doubleTheUsers(squall) {
  const slider = squall.page.getByRole('slider').first();
  await slider.waitFor();
  const shown = async () => numberIn((await slider.getAttribute('aria-valuetext')) ?? (await slider.inputValue()));
  const wanted = 12;
  await slider.focus();
  for (let press = 0; press < 200 && (await shown()) < wanted; press += 1) {
    await slider.press('ArrowRight');
  }
  assert.equal(await shown(), wanted, 'the slider stands at twice the users');
  const apply = squall.page.getByRole('button', { name: /^(apply|set)/i });
  if (await apply.count()) await apply.first().click();
}

async function openOffline(path, report) {
  const page = await openPage(browser, { offline: true });
  const calls = [];
  page.on('request', (request) => calls.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  const squall = new SquallPage(page);
  await squall.waitForRequests('Aggregated', report.totals.requests);
  await assertPageShowsReport(squall, report, 'report');
  assert.equal(await squall.button(/^start/i).count(), 0, 'a report has nothing to start');
  await screenshot(page, 'visitor-5-report-offline');
  await squall.show(/charts/i);
  await page.locator('canvas').first().waitFor();
  await screenshot(page, 'visitor-6-report-charts');
  assert.deepEqual(calls.filter((url) => !/^(file|data|blob):/.test(url)), [], 'one file, nothing else');
  assert.deepEqual(page.sins, []);
  await page.context().close();
}
