// The coordinator is killed and started again while a run goes on at the agent: the page says so,
// comes back by itself, and its curves have no gap that was not there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Api, planOf } from './api.mjs';
import { numberIn, openBrowser, openPage, screenshot } from './browser.mjs';
import { LIMIT, sleep, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

const AWAY_MS = 6000;
const STEPS_BEFORE = 4;
// A step may be told a little late, on a busy machine: its own rate may be this far from the usual
// one, and that of all steps together half as far.
const FACTOR = 3;

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

test('a page outlives a coordinator that is killed and started again', LIMIT, async () => {
  const target = await place.target();
  const agent = await place.agent();
  const flags = ['--store', place.path('runs.db'), '--agents', `127.0.0.1:${agent.port}`];
  const server = await place.serve(...flags);
  const api = new Api(server.url);
  const id = await api.begin({
    text: planOf(target, '{users: 5, spawn_rate: 50, run_time: 10m}', 'get: {path: /delay/20, name: Look}'),
  });

  const page = await openPage(browser);
  let away = false;
  page.serverMayBeAway = () => away;
  const squall = await SquallPage.open(page, server.url);
  await squall.openRun(id);
  await squall.waitForRequests('Look', 100);
  const usual = await waitFor(async () => usualRate(await api.get(`runs/${id}/points?known=0`)),
    `${STEPS_BEFORE} full steps before the restart`);
  console.log(`# ${usual} requests/s before the restart`);

  away = true;
  await server.kill();
  await squall.waitForText(/(connection|server|coordinator).{0,40}(lost|away|gone|not|reconnect)|reconnect|offline/i);
  await screenshot(page, 'restart-1-away');
  await sleep(AWAY_MS);
  const again = await place.serve('--web-listen', `127.0.0.1:${server.port}`, ...flags);
  assert.equal(again.port, server.port);
  await waitFor(async () => !/connection lost|reconnect/i.test(await squall.text()), 'the page to be connected again');
  away = false;

  const before = (await api.run(id)).requests;
  await squall.waitForRequests('Look', before + 100);
  await sleep(2500);
  await screenshot(page, 'restart-2-back');
  assertNoGap(await api.get(`runs/${id}/points?known=0`), usual);
  await assertNoGapInChart(squall, usual);
  assert.equal((await api.run(id)).state, 'running');

  await api.post(`runs/${id}/stop`, {});
  await api.waitUntilOver(id);
  await squall.waitForText(/PASS|FAIL|INVALID/);
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

const ratesOf = ({ requests, length }) => requests.map((count, index) => count / length[index]);

// The middle one of the full steps; nothing while they are too few.
function usualRate(points) {
  const rates = ratesOf(points).slice(1, -1).sort((one, other) => one - other);
  return rates.length >= STEPS_BEFORE && rates[Math.floor(rates.length / 2)];
}

function assertNear(rate, usual, factor, where) {
  assert.ok(rate > usual / factor && rate < usual * factor,
    `${where}: ${rate} requests/s, before the restart ${usual}`);
}

// The page says its curves as tables, too.
async function assertNoGapInChart(squall, usual) {
  await squall.show(/charts/i);
  await squall.page.getByText('As a table').first().click();
  const rows = await waitFor(async () => {
    const table = await squall.table('Time', 'Requests', 'Failures');
    return table.length > 5 && table;
  }, 'the curve as a table');
  for (const row of rows.slice(1, -1)) {
    assertNear(numberIn(row.Requests), usual, FACTOR, `the chart at ${row.Time}`);
  }
  await squall.show(/statistics/i);
}

// Every step begins where the one before ends; users at the target did not stop in any of them, and
// made as many requests as before.
function assertNoGap(points, usual) {
  const { start, length, requests, users } = points;
  const rates = ratesOf(points);
  assert.ok(start.length > 5, `${start.length} points`);
  for (let index = 1; index < start.length; index += 1) {
    const end = start[index - 1] + length[index - 1];
    assert.ok(Math.abs(start[index] - end) < 0.01, `a gap from ${end} to ${start[index]}`);
  }
  for (let index = 1; index < start.length - 1; index += 1) {
    assertNear(rates[index], usual, FACTOR, `from ${start[index]} to ${start[index] + length[index]}`);
    assert.equal(users[index], 5, `users at ${start[index]}`);
  }
  const sum = (values) => values.slice(1, -1).reduce((all, value) => all + value, 0);
  assertNear(sum(requests) / sum(length), usual, FACTOR / 2, 'on the whole');
}
