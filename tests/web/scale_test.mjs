// Ten thousand request names and a day at one-second resolution: the page stays quick to the hand.
// What counts is how long the page's one thread is busy without a pause, in CPU time of a trace: a
// machine that is busy elsewhere does not lengthen it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import * as big from './big_view.mjs';
import { openBrowser, openPage, screenshot } from './browser.mjs';
import { FakeGateway } from './fake_gateway.mjs';
import { BIN, LIMIT, sleep, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';
import { tasksDuring } from './trace.mjs';
import { atMost, measured } from './tries.mjs';

const TASK_MS_MAX = 100;
const REPORT_BYTES_MAX = 5e6;

let place;
let browser;
let gateway;
before(async () => {
  place = new Workplace();
  browser = await openBrowser();
  gateway = await FakeGateway.start();
});
after(async () => {
  gateway?.close();
  await browser?.close();
  await place?.close();
});

// What a person does with a large run.
async function use(squall) {
  const { page } = squall;
  await squall.show(/statistics/i);
  for (const column of [/requests/i, /p95|95 ?%/i, /^name/i]) {
    const heading = page.getByRole('columnheader', { name: column }).first();
    const button = heading.getByRole('button');
    await ((await button.count()) ? button.first() : heading).click();
    await sleep(400);
  }
  const filter = page.getByRole('searchbox').or(page.getByRole('textbox', { name: /filter|search/i })).first();
  await filter.pressSequentially('orders/0777', { delay: 60 });
  await waitFor(async () => (await squall.text()).includes(big.nameOf(7777)), 'the filtered names');
  await filter.fill('');
  await sleep(500);
  await page.mouse.move(600, 600);
  for (let turn = 0; turn < 20; turn += 1) {
    await page.mouse.wheel(0, 400);
    await sleep(50);
  }
  for (const view of [/charts/i, /failures/i, /tasks|ratio/i, /statistics/i, /charts/i]) {
    await squall.show(view);
    await sleep(1200);
  }
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

// Tasks that a person could feel: below two milliseconds there are thousands that do nothing.
function judge(tasks, what) {
  const felt = tasks.filter((ms) => ms >= 2).sort((a, b) => a - b);
  const worst = felt.slice(-5).map((ms) => ms.toFixed(0)).join(' ');
  console.log(`# ${what}: ${tasks.length} tasks, ${felt.length} of 2 ms and more, p50 ${percentile(felt, 0.5).toFixed(1)}, longest ${worst} ms`);
  assert.ok(felt.length > 20, `${what}: the trace has the page's work in it`);
  atMost(Number(percentile(felt, 0.95).toFixed(1)), TASK_MS_MAX, `${what}: p95 of a main-thread task, ms`);
}

test('the live page stays responsive with 10 000 names and a day of seconds', LIMIT, async () => {
  await measured(async () => {
    const page = await openPage(browser);
    try {
      const squall = await SquallPage.open(page, `${gateway.url}/`);
      await squall.openRun('big-1');
      await squall.waitForRequests('Aggregated', 1000);
      await sleep(2000);
      judge(await tasksDuring(page, () => use(squall)), 'live');
      await screenshot(page, 'scale-live');
      assert.deepEqual(page.sins, []);
    } finally {
      await page.context().close();
    }
  });
});

test('its report is one file of at most 5 MB that stays responsive offline', LIMIT, async () => {
  const view = JSON.stringify(big.view('big-1', 'finished', big.SECONDS, 1));
  const made = spawnSync(join(BIN, '../bench/web_html_report'), { input: view, maxBuffer: 1 << 30 });
  assert.equal(made.status, 0, made.stderr?.toString());
  console.log(`# a view of ${view.length} bytes is a report of ${made.stdout.length}`);
  assert.ok(made.stdout.length <= REPORT_BYTES_MAX, `${made.stdout.length} bytes`);
  const path = place.path('big.html');
  writeFileSync(path, made.stdout);
  await measured(async () => {
    const page = await openPage(browser, { offline: true });
    try {
      await page.goto(pathToFileURL(path).href);
      const squall = new SquallPage(page);
      await squall.waitForRequests('Aggregated', 1000);
      judge(await tasksDuring(page, () => use(squall)), 'report');
      await screenshot(page, 'scale-report');
      assert.deepEqual(page.sins, []);
    } finally {
      await page.context().close();
    }
  });
});
