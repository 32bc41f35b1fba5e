// What keeps people from using the page: axe-core finds nothing serious on any of its views, by day
// and by night, on a desk and in a hand. And the page is light.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { Api, planOf } from './api.mjs';
import { openBrowser, openPage, screenshot } from './browser.mjs';
import { ask, LIMIT, sleep, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = [/statistics/i, /charts/i, /failures/i, /exceptions/i, /agents/i, /tasks|ratio/i, /log|events/i, /thresholds/i, /downloads?|reports?/i];
const LOOKS = [
  { name: 'light-1280', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark-1280', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'light-360', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'dark-360', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
];
const GZIP_BYTES_MAX = 200 * 1024;

let place;
let browser;
let target;
before(async () => {
  place = new Workplace();
  browser = await openBrowser();
  target = await place.target('--error-rate', '0.1');
});
after(async () => {
  await browser?.close();
  await place?.close();
});

async function check(page, where) {
  await sleep(300);
  // evaluate() is not bound by the page's policy, as a script tag would be.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await screenshot(page, `access-${where}`);
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = grave.map(({ id, help, nodes }) =>
    `${where}: ${id} (${help}): ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary.split('\n').slice(1, 2)}`).join(' | ')}`);
  if (wide > 1) told.push(`${where}: ${wide} px wider than the window`);
  return told;
}

async function checkViews(squall, where) {
  const told = [];
  for (const view of VIEWS) {
    await squall.show(view);
    told.push(...(await check(squall.page, `${where}-${view.source.replace(/\W.*/, '')}`)));
  }
  return told;
}

// The corners that can be drawn, and the table of the same numbers.
async function checkDrawing(squall, where) {
  await squall.page.getByRole('slider', { name: /end of stage/i }).last().waitFor();
  return check(squall.page, where);
}

async function inEveryLook(url, body) {
  const told = [];
  for (const { name, ...look } of LOOKS) {
    const page = await openPage(browser, look);
    const squall = await SquallPage.open(page, url);
    told.push(...(await body(squall, name)));
    assert.deepEqual(page.sins, [], name);
    await page.context().close();
  }
  assert.deepEqual(told, []);
}

const load = '{users: 3, spawn_rate: 30, run_time: 10m}';
// The pause comes first: a request that fails ends its task.
const steps = ['think: 50ms', 'get: {path: /products, name: List}', 'get: {path: /status/500, name: Broken}'];

const thresholds = `thresholds:
  response_time: [p(95) < 300ms, max < 0.01ms]
  "failures{name:List}":
    - {threshold: rate < 90% over 30s, abort_on_fail: true}
`;
const plan = (name, ending = '') => place.write(`${name}.yaml`, planOf(target, load, ...steps) + ending);

async function checkForm(squall, look) {
  const told = [];
  await squall.button(/^start/i).waitFor();
  told.push(...(await check(squall.page, `${look}`)));
  const advanced = squall.page.locator('details', { hasText: /advanced/i }).first();
  // A plan that must be told something has it open from the start.
  if ((await advanced.getAttribute('open')) === null) await advanced.locator('summary').click();
  await squall.field(/only tasks with tags/i).waitFor();
  told.push(...(await check(squall.page, `${look}-advanced`)));
  await squall.page.getByRole('checkbox', { name: /draw the load/i }).check();
  told.push(...(await checkDrawing(squall, `${look}-drawn`)));
  return told;
}

test('the start form of a plan', LIMIT, async () => {
  const program = await place.run(plan('form'));
  await inEveryLook(program.url, (squall, look) => checkForm(squall, `form-${look}`));
});

// Every kind of field that a locustfile's options can make.
const OPTIONS = `from locust import HttpUser, events, task


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--region", choices=["north", "south"], default="north", help="Where")
    parser.add_argument("--parts", action="append", choices=["one", "two"], help="Which parts")
    parser.add_argument("--note", action="append", help="Many of them")
    parser.add_argument("--verbose-names", action="store_true", help="Longer names")
    parser.add_argument("--pass-phrase", is_secret=True, default="sesame", help="Nobody sees it")


class Shopper(HttpUser):
    @task
    def look(self):
        self.client.get("/products")
`;

test('the start form of a locustfile with options', LIMIT, async () => {
  const file = place.write('options.py', OPTIONS);
  const program = await place.start('squall', ['run', '-f', file, '--host', target.url, '--web-port', '0'], '--web-port-file');
  await inEveryLook(program.url, (squall, look) => checkForm(squall, `options-${look}`));
});

test('every view of a run that goes on, and of its report', LIMIT, async () => {
  const program = await place.run(plan('run', thresholds));
  const api = new Api(program.url);
  const id = await api.begin({});
  await inEveryLook(program.url, async (squall, look) => {
    await squall.waitForRequests('Aggregated', 1);
    const told = await checkViews(squall, `run-${look}`);
    await squall.show(/stages/i);
    await squall.button(/draw stages/i).waitFor();
    told.push(...(await check(squall.page, `run-${look}-stages`)));
    await squall.button(/draw stages/i).click();
    told.push(...(await checkDrawing(squall, `run-${look}-drawn`)));
    return told;
  });
  await api.post(`runs/${id}/stop`, {});
  await api.waitUntilOver(id);
  const report = place.path('report.html');
  writeFileSync(report, (await ask(`${program.url}/api/v1/runs/${id}/report?format=html`)).bytes);
  await inEveryLook(pathToFileURL(report).href, async (squall, look) => {
    await squall.waitForRequests('Aggregated', 1);
    return checkViews(squall, `report-${look}`);
  });
});

test('the list of runs, two of them compared, the fleet and the plan editor of a server', LIMIT, async () => {
  const portFile = place.path('serve-port');
  const server = await place.serve('--store', place.path('runs.db'), '--port-file', portFile);
  const coordinator = await waitFor(() => existsSync(portFile) && readFileSync(portFile, 'utf8').trim(), 'the port of agents');
  await place.agent('--join', `127.0.0.1:${coordinator}`, '--name', 'an agent that has joined');
  await waitFor(async () => (await new Api(server.url).get('agents')).agents.length === 1, 'the agent to join');
  const api = new Api(server.url);
  for (let turn = 0; turn < 2; turn += 1) {
    const id = await api.begin({ text: planOf(target, load, ...steps) });
    await api.post(`runs/${id}/stop`, {});
    await api.waitUntilOver(id);
  }
  const [one, two] = await api.runs();
  await inEveryLook(server.url, async (squall, look) => {
    const told = [];
    await squall.show(/^runs/i);
    const rowOf = ({ id }) =>
      squall.page.getByRole('row').filter({ has: squall.page.locator(`a[href*="${id}"]`) });
    await rowOf(one).waitFor();
    told.push(...(await check(squall.page, `runs-${look}`)));
    for (const run of [one, two]) await rowOf(run).getByRole('checkbox').check();
    const main = squall.page.getByRole('main');
    await main.getByRole('button', { name: /compare/i }).or(main.getByRole('link', { name: /compare/i })).first().click();
    await squall.waitForText(/Broken/);
    told.push(...(await check(squall.page, `compare-${look}`)));
    await squall.show(/fleet/i);
    await squall.waitForText(/an agent that has joined/);
    told.push(...(await check(squall.page, `fleet-${look}`)));
    await squall.show(/new|start/i);
    told.push(...(await checkForm(squall, `new-${look}`)));
    return told;
  });
});

test('the login', LIMIT, async () => {
  const file = place.write('token', 'sesame-sesame');
  const program = await place.run(plan('login'), '--web-token-file', file);
  await inEveryLook(`${program.url}/login`, async (squall, look) => check(squall.page, `login-${look}`));
});

test('the page weighs at most 200 KB', LIMIT, async () => {
  const program = await place.run(plan('weight'));
  const page = await openPage(browser);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const weights = new Map();
  const urls = new Map();
  session.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => weights.set(requestId, encodedDataLength));
  const squall = await SquallPage.open(page, program.url);
  await squall.button(/^start/i).waitFor();
  await sleep(1000);
  let bytes = 0;
  for (const [id, weight] of weights) {
    console.log(`# ${weight} bytes: ${new URL(urls.get(id) ?? 'http://unknown').pathname}`);
    bytes += weight;
  }
  console.log(`# the page weighs ${bytes} bytes`);
  assert.ok(weights.size >= 3, 'page, script and style sheet came over the wire');
  assert.ok(bytes <= GZIP_BYTES_MAX, `${bytes} bytes, must be at most ${GZIP_BYTES_MAX}`);
  await page.context().close();
});
