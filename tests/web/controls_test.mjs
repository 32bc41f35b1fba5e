// What can be pressed beside start, stop and the slider: pause and resume, stages drawn with keys,
// day and night, files to take away, the choice of a plan and of tags.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Api, planOf } from './api.mjs';
import { numberIn, openBrowser, openPage, screenshot } from './browser.mjs';
import { LIMIT, sleep, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

const USERS = 4;
const LOAD = `{users: ${USERS}, spawn_rate: 40, run_time: 10m}`;
const STILL_MS = 2500; // two steps of the statistics and more

let place;
let browser;
let target;
before(async () => {
  place = new Workplace();
  browser = await openBrowser();
  target = await place.target();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

// A run that goes on, and a page that shows it.
async function runWithPage(name, ending = '') {
  const text = planOf(target, LOAD, 'get: {path: /products, name: List}', 'think: 20ms') + ending;
  const program = await place.run(place.write(`${name}.yaml`, text));
  const api = new Api(program.url);
  const id = await api.begin({});
  const page = await openPage(browser);
  const squall = await SquallPage.open(page, program.url);
  await squall.waitForRequests('List', 10);
  return { api, id, page, squall };
}

const requestsShown = async (squall) => numberIn((await squall.statistics('List')).Requests);

test('a paused run makes no request until it is resumed', LIMIT, async () => {
  const { api, id, page, squall } = await runWithPage('pause');
  await squall.button(/pause/i).click();
  await waitFor(async () => (await api.run(id)).state === 'paused', 'the run to be paused');
  await squall.button(/resume/i).waitFor();
  // What was under way may still come in.
  await sleep(STILL_MS);
  const before = [(await api.run(id)).requests, await requestsShown(squall)];
  await sleep(STILL_MS);
  assert.deepEqual([(await api.run(id)).requests, await requestsShown(squall)], before, 'requests stand still');
  await screenshot(page, 'controls-1-paused');

  await squall.button(/resume/i).click();
  await waitFor(async () => (await api.run(id)).state === 'running', 'the run to go on');
  await squall.waitForRequests('List', before[1] + 50);
  await squall.button(/pause/i).waitFor();
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

test('stages drawn with the arrow keys become those of the run', LIMIT, async () => {
  const { api, id, page, squall } = await runWithPage('stages');
  assert.equal((await api.run(id)).stages, null);
  await squall.show(/stages/i);
  await squall.button(/draw stages/i).click();
  const corner = page.getByRole('slider', { name: /end of stage/i }).last();
  assert.equal(await corner.getAttribute('aria-valuenow'), `${USERS}`);
  await corner.focus();
  const lasts = page.getByLabel(/^duration of stage/i).last();
  const drawnAs = await lasts.inputValue();
  for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowDown', 'ArrowRight', 'ArrowRight']) {
    await corner.press(key);
  }
  await waitFor(async () => (await corner.getAttribute('aria-valuenow')) === `${USERS + 3}`, 'three users more');
  assert.notEqual(await lasts.inputValue(), drawnAs, 'the stage became longer');
  assert.equal(await page.getByLabel(/^target users of stage/i).last().inputValue(), `${USERS + 3}`);
  await screenshot(page, 'controls-2-drawn');

  await squall.button(/^apply/i).click();
  await squall.waitForText(/follows the new stages/i);
  const { stages, elapsed_seconds: now } = await api.run(id);
  assert.ok(stages.length >= 2, JSON.stringify(stages));
  assert.equal(stages.at(-1).users, USERS + 3);
  const rest = stages.reduce((all, stage) => all + stage.duration_seconds, 0) - now;
  assert.ok(rest > 240 && rest < 400, `300 s and two steps were drawn, ${rest} s are left`);
  await waitFor(async () => (await api.run(id)).users === USERS + 3, 'the users of the new stage');
  // The page shows what the run follows now.
  await waitFor(async () => (await page.getByLabel(/^target users of stage/i).count()) === stages.length,
    `${stages.length} stages in the page`);
  const shown = page.getByLabel(/^target users of stage/i);
  for (const [index, stage] of stages.entries()) {
    assert.equal(await shown.nth(index).inputValue(), `${stage.users}`, `users of stage ${index + 1}`);
  }
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

test('day and night are chosen with one button, and remembered', LIMIT, async () => {
  const program = await place.run(place.write('theme.yaml', planOf(target, LOAD, 'get: /products')));
  const page = await openPage(browser, { colorScheme: 'light' });
  const squall = await SquallPage.open(page, program.url);
  const look = async () => ({
    word: await page.getByRole('button', { name: /^theme/i }).getAttribute('aria-label'),
    paper: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  });
  const press = () => squall.button(/^theme/i).click();
  await squall.button(/^theme/i).waitFor();
  const system = await look();
  await press();
  const light = await look();
  await press();
  const dark = await look();
  assert.deepEqual([light.word, dark.word], ['Theme: light', 'Theme: dark']);
  assert.equal(light.paper, system.paper);
  assert.notEqual(dark.paper, light.paper);
  await page.reload();
  await squall.button(/^theme/i).waitFor();
  assert.deepEqual(await look(), dark, 'remembered');
  await press();
  assert.deepEqual(await look(), system, 'and back to the system');
  await page.emulateMedia({ colorScheme: 'dark' });
  await waitFor(async () => (await look()).paper === dark.paper, 'the page to follow the system');
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name }).or(page.getByRole('button', { name })).first().click(),
  ]);
  const path = place.path(file.suggestedFilename());
  await file.saveAs(path);
  return readFileSync(path, 'utf8');
}

test('the reports for programs come down as files', LIMIT, async () => {
  const { api, id, page, squall } = await runWithPage('files', 'thresholds:\n  response_time: [p(95) < 30s, max < 0.01ms]\n');
  await squall.stop();
  await api.waitUntilOver(id);
  await squall.show(/download/i);
  const report = await api.report(id);
  const json = JSON.parse(await download(page, /json/i));
  assert.deepEqual(json.totals, report.totals);
  assert.deepEqual(json.verdict, report.verdict);

  const junit = await download(page, /junit/i);
  const { cases, failed, trouble } = await page.evaluate((text) => {
    const tree = new DOMParser().parseFromString(text, 'application/xml');
    return {
      cases: [...tree.querySelectorAll('testcase')].map((one) => one.getAttribute('name')),
      failed: [...tree.querySelectorAll('testcase:has(failure)')].map((one) => one.getAttribute('name')),
      trouble: tree.querySelector('parsererror')?.textContent ?? '',
    };
  }, junit);
  assert.equal(trouble, '');
  assert.ok(cases.some((name) => /p\(95\) < 30s/.test(name)), cases.join(' | '));
  assert.ok(failed.length >= 1 && failed.every((name) => !/p\(95\)/.test(name)), failed.join(' | '));
  assert.ok(failed.some((name) => /max < /.test(name)), failed.join(' | '));
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

// Two tasks with tags of their own.
const TAGGED = () => `name: tagged
service: {base_url: "${target.url}"}
load_profile: ${LOAD}
users:
  - name: Shopper
    tasks:
      - name: look
        tags: [browse]
        steps: [{get: {path: /products, name: Look}}, {think: 20ms}]
      - name: buy
        tags: [checkout]
        steps: [{get: {path: /products/1, name: Buy}}, {think: 20ms}]
`;

test('the form starts the plan that was picked, and only its tasks with the tags', LIMIT, async () => {
  const agent = await place.agent();
  const plain = place.write('plain.yaml', planOf(target, LOAD, 'get: {path: /products, name: Plain}'));
  const tagged = place.write('tagged.yaml', TAGGED());
  const server = await place.serve('--store', place.path('runs.db'), '--agents', `127.0.0.1:${agent.port}`,
    '--plan', plain, '--plan', tagged);
  const api = new Api(server.url);
  const page = await openPage(browser);
  const squall = await SquallPage.open(page, server.url);
  await squall.show(/new/i);
  const picker = page.getByLabel('Plan', { exact: true });
  await picker.waitFor();
  const names = await picker.locator('option').allInnerTexts();
  const name = names.find((option) => /tagged/.test(option));
  assert.ok(name && names.length >= 2, names.join(' | '));
  await picker.selectOption({ label: name });
  await page.getByText('Advanced', { exact: true }).click();
  await squall.waitForText(/browse, checkout/);
  await squall.start({ 'only tasks with tags': 'browse' });

  await squall.waitForRequests('Look', 50);
  const [{ id }] = await api.runs();
  await squall.show(/task/i);
  await screenshot(page, 'controls-3-tags');
  await squall.show(/statistics/i);
  assert.equal(await squall.statistics('Buy'), undefined, 'no task without the tag');
  await squall.stop();
  await api.waitUntilOver(id);
  const report = await api.report(id);
  assert.deepEqual(report.entries.map((entry) => entry.name), ['Look']);
  assert.equal((await api.run(id)).plan, 'tagged');
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

test('arrivals take the place of users in the form, and have a rate to choose', LIMIT, async () => {
  const agent = await place.agent();
  const users = place.write('users.yaml', planOf(target, LOAD, 'get: {path: /products, name: List}')
    .replace('name: web', 'name: users'));
  const arrivals = place.write('arrivals.yaml',
    planOf(target, '{arrival: {stages: [{duration: 10m, rate: 5}]}}', 'get: {path: /products, name: List}')
      .replace('name: web', 'name: arrivals'));
  const server = await place.serve('--store', place.path('arrivals.db'), '--agents', `127.0.0.1:${agent.port}`,
    '--plan', users, '--plan', arrivals);
  const api = new Api(server.url);
  const page = await openPage(browser);
  const squall = await SquallPage.open(page, server.url);
  const startAt = async (plan, rate) => {
    await squall.show(/new/i);
    const picker = page.getByLabel('Plan', { exact: true });
    await picker.waitFor();
    const names = await picker.locator('option').allInnerTexts();
    await picker.selectOption({ label: names.find((option) => option.includes(plan)) });
    const load = page.getByLabel('Load', { exact: true });
    if (await load.count()) await load.selectOption('arrivals');
    await squall.waitForText(/Task runs that begin in a second/);
    assert.equal(await page.getByLabel('Users', { exact: true }).count(), 0);
    await screenshot(page, `controls-4-${plan}`);
    await squall.start({ 'arrival rate': String(rate) });
    await squall.waitForRequests('List', 10);
    const [{ id }] = await api.runs();
    const run = await api.run(id);
    assert.equal(run.options.open_model, true);
    assert.equal(Math.max(...run.planned.map((point) => point.rate)), rate);
    await squall.stop();
    await api.waitUntilOver(id);
  };
  await startAt('users', 40);
  await startAt('arrivals', 60);
  assert.deepEqual(page.sins, []);
  await page.context().close();
});
