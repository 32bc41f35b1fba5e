// The live controls of a run whose load takes its time to follow: they show what was asked for, in
// every browser, and not how far the run has come.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { numberIn, openBrowser, openPage } from './browser.mjs';
import { FakeGateway } from './fake_gateway.mjs';
import { LIMIT, sleep, waitFor } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

// Longer than the page shows a wish that the run has said nothing of (load_slider.tsx).
const FORGOTTEN_MS = 4000;

let browser;
let gateway;
let pages;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());
beforeEach(async () => {
  gateway = await FakeGateway.start(200);
  pages = [];
});
afterEach(async () => {
  for (const page of pages) {
    assert.deepEqual(page.sins, []);
    await page.context().close();
  }
  gateway.close();
});

async function openRun() {
  const page = await openPage(browser);
  pages.push(page);
  const squall = await SquallPage.open(page, `${gateway.url}/`);
  await squall.openRun('big-1');
  return squall;
}

const slider = (squall) => squall.page.getByRole('slider').first();

async function showsAt(squall, value, when) {
  const shown = async () => numberIn(await slider(squall).getAttribute('aria-valuetext'));
  await waitFor(async () => (await shown()) === value, `the slider at ${value}, ${when}`, 15_000)
    .catch(async (error) => assert.fail(`${error.message}; it shows ${await shown()}`));
}

test('the slider stands at the users that were asked for while they are on their way', LIMIT, async () => {
  gateway.news = { elapsed_seconds: 10, users: 100, target_users: 101 };
  const squall = await openRun();
  await showsAt(squall, 200, 'in the ramp of the plan');
  await squall.button(/^2× users/i).click();
  await waitFor(() => gateway.changes.length === 1, 'the first change');
  assert.deepEqual(gateway.changes[0], { users: 400, spawn_rate: 10 }, 'by the plan’s own spawn rate');
  await sleep(FORGOTTEN_MS);
  await showsAt(squall, 400, 'after the page has forgotten its own wish');

  await slider(squall).focus();
  await slider(squall).press('ArrowRight');
  await waitFor(() => gateway.changes.length === 2, 'the second change');
  assert.deepEqual(gateway.changes[1], { users: 401, spawn_rate: 10 }, 'one more than was asked for');

  await showsAt(await openRun(), 401, 'in another browser');
  await squall.button('Back to the profile').click();
  await showsAt(squall, 200, 'when the plan is followed again');
});

test('an emptied number field asks for nothing', LIMIT, async () => {
  gateway.news = { elapsed_seconds: 10, users: 100, target_users: 101 };
  const squall = await openRun();
  await showsAt(squall, 200, 'nobody having touched it');
  const field = squall.page.getByRole('spinbutton', { name: /exact number/i });
  for (const typed of ['', '-5']) {
    await field.fill(typed);
    await field.press('Tab');
    await waitFor(async () => (await field.inputValue()) === '200', `the number after '${typed}'`);
  }
  await field.fill('150');
  await field.press('Tab');
  await waitFor(() => gateway.changes.length > 0, 'the change');
  assert.equal(gateway.changes.length, 1);
  assert.equal(gateway.changes[0].users, 150);
});

test('the second click of a double click does not stop at once', LIMIT, async () => {
  const squall = await openRun();
  await squall.button(/stop/i).dblclick();
  await waitFor(() => gateway.stops.length > 0, 'the stop');
  await sleep(1200);
  assert.deepEqual(gateway.stops, [false]);
  await squall.button(/stop now/i).click();
  await waitFor(() => gateway.stops.length > 1, 'the stop at once');
  assert.deepEqual(gateway.stops, [false, true]);
});

test('a spawn rate that was typed goes before the plan’s', LIMIT, async () => {
  const squall = await openRun();
  await squall.page.getByRole('spinbutton', { name: /spawn rate/i }).fill('2.5');
  await squall.button(/^½ users/i).click();
  await waitFor(() => gateway.changes.length === 1, 'the change');
  assert.equal(gateway.changes[0].spawn_rate, 2.5);
});

test('the factor of the arrivals is that of the run, not of the page', LIMIT, async () => {
  gateway.news = { target_rate: 50, override: null };
  gateway.news.options = { users: 200, spawn_rate: null, run_time_seconds: null, profile: 'arrivals: 50/s',
    open_model: true, warm_up_seconds: 0, cool_down_seconds: 0, stop_timeout_seconds: 5 };
  const squall = await openRun();
  await showsAt(squall, 100, 'nobody having touched it');
  await squall.button(/^½ arrival/i).click();
  await waitFor(() => gateway.changes.length === 1, 'the change');
  assert.deepEqual(gateway.changes[0], { arrival_factor: 0.5 });
  await squall.page.reload();
  await showsAt(squall, 50, 'after a reload');
  await showsAt(await openRun(), 50, 'in another browser');
});

test('what would make the run INVALID is said while it goes on', LIMIT, async () => {
  gateway.news = { invalid_so_far: ['no file descriptor was left 3 times'] };
  const squall = await openRun();
  await squall.waitForText(/INVALID so far: no file descriptor was left 3 times/);
  await squall.show(/thresholds/i);
  await squall.waitForText(/If it ended now, it would be INVALID/);
  await squall.waitForText(/What to do/);
});

test('words of strangers in the header are harmless and cut', LIMIT, async () => {
  gateway.news = { stop_reason: `\u202Eturned ${'y'.repeat(5000)}` };
  const squall = await openRun();
  await squall.waitForText(/⟨202E⟩turned y+…/);
  assert.ok((await squall.text()).match(/y+/g).every((run) => run.length <= 300));
});
