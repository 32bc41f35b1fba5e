// Who may do what: pages of other origins, foreign Host headers, visitors without the token.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Api, planOf } from './api.mjs';
import { openBrowser, openPage, screenshot } from './browser.mjs';
import { ask, LIMIT, sleep, waitFor, Workplace } from './programs.mjs';
import { SquallPage } from './squall_page.mjs';

const TOKEN = 'correct-horse-battery-staple';
// Every way to change something, ours and Locust's. `form` is what an HTML form can send, too.
const CHANGES = [
  { path: '/api/v1/runs', body: '{}' },
  { path: '/swarm', body: 'user_count=3&spawn_rate=3', form: true },
  { path: '/stop', method: 'GET', form: true },
  { path: '/stop', body: '', form: true },
  { path: '/stats/reset', method: 'GET', form: true },
];

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

function plan(name = 'plan.yaml') {
  return place.write(name, planOf(target, '{users: 2, spawn_rate: 2, run_time: 10m}', 'get: /products/1', 'think: 50ms'));
}

// A server of somebody else's page.
async function stranger(body) {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => server.close() };
}

// In the page: tries `change` as a script and as a form would, whatever comes of it.
async function tryFromPage(page, url, change) {
  const method = change.method ?? 'POST';
  await page.evaluate(async ({ address, verb, body }) => {
    const tries = [
      { mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } },
      { mode: 'cors', headers: { 'Content-Type': 'application/json' } },
      { mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    ];
    for (const options of tries) {
      await fetch(address, { method: verb, body: verb === 'GET' ? undefined : body, ...options }).catch(() => {});
    }
    if (verb === 'GET') {
      await new Promise((resolve) => {
        const image = new Image();
        image.onload = image.onerror = resolve;
        image.src = address;
      });
    }
  }, { address: url + change.path, verb: method, body: change.body });
  if (change.form) {
    await page.evaluate(({ address, verb, body }) => {
      const frame = document.createElement('iframe');
      frame.name = `frame${Math.random()}`;
      const form = document.createElement('form');
      Object.assign(form, { action: address, method: verb, target: frame.name });
      for (const [name, value] of new URLSearchParams(body)) {
        const input = document.createElement('input');
        Object.assign(input, { name, value });
        form.append(input);
      }
      document.body.append(frame, form);
      form.submit();
    }, { address: url + change.path, verb: method, body: change.body ?? '' });
    await sleep(200);
  }
}

test("a page of another origin can start nothing, stop nothing and read nothing", LIMIT, async () => {
  const program = await place.run(plan());
  const api = new Api(program.url);
  const other = await stranger('<!doctype html><title>stranger</title>');
  const page = await openPage(browser);
  try {
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(`http://${host}:${other.port}/`);
      for (const change of CHANGES) await tryFromPage(page, program.url, change);
      assert.deepEqual(await api.runs(), [], `a page of ${host} has started a run`);
      const read = await page.evaluate(
        (url) => fetch(url).then((answer) => answer.text(), () => 'refused'), `${program.url}/api/v1/server`);
      assert.equal(read, 'refused', 'no CORS');
    }
    // The same requests of nobody's page are fine: it is the origin that was refused.
    const id = await api.begin({ users: 2 });
    const requests = (await api.run(id)).requests;
    await page.goto(`http://localhost:${other.port}/`);
    for (const change of [...CHANGES, { path: `/api/v1/runs/${id}/stop`, body: '{}' }]) {
      await tryFromPage(page, program.url, change);
    }
    await waitFor(async () => (await api.run(id)).requests > requests + 20, 'the run to go on');
    assert.equal((await api.run(id)).state, 'running');
    await api.post(`runs/${id}/stop`, {});
    await api.waitUntilOver(id);
  } finally {
    other.close();
    await page.context().close();
  }
});

test('on loopback a foreign Host is refused: a name that was bound to this address is not ours', LIMIT, async () => {
  const program = await place.run(plan());
  for (const host of ['evil.example', `evil.example:${program.port}`, 'localhost.evil.example', '127.0.0.1.evil.example']) {
    const answer = await ask(`${program.url}/api/v1/server`, { headers: { Host: host } });
    assert.ok(answer.status >= 400 && answer.status < 500, `Host '${host}': ${answer.status}`);
    const start = await ask(`${program.url}/swarm`, {
      method: 'POST', headers: { Host: host, 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'user_count=1&spawn_rate=1' });
    assert.ok(start.status >= 400 && start.status < 500, `POST with Host '${host}': ${start.status}`);
  }
  for (const host of [`127.0.0.1:${program.port}`, `localhost:${program.port}`]) {
    assert.equal((await ask(`${program.url}/api/v1/server`, { headers: { Host: host } })).status, 200, host);
  }
  assert.deepEqual(await new Api(program.url).runs(), []);
});

test('the page comes with headers that keep scripts of others out', LIMIT, async () => {
  const program = await place.run(plan());
  const { headers } = await ask(`${program.url}/`);
  const policy = headers['content-security-policy'];
  assert.match(policy, /default-src '(none|self)'/);
  const script = /script-src ([^;]*)/.exec(policy)?.[1] ?? /default-src ([^;]*)/.exec(policy)[1];
  assert.doesNotMatch(script, /unsafe|\*|data:/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['access-control-allow-origin'], undefined);
});

test('with a token the page asks for it, and a cookie that no script reads remembers', LIMIT, async () => {
  const file = place.write('token', TOKEN);
  const program = await place.run(plan(), '--web-token-file', file);
  for (const path of ['/api/v1/server', '/api/v1/runs', '/stats/requests', '/stop']) {
    assert.equal((await ask(program.url + path)).status, 401, path);
  }
  assert.equal((await ask(`${program.url}/swarm`, { method: 'POST', body: 'user_count=1' })).status, 401);
  const bearer = (token) => ask(`${program.url}/api/v1/server`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await bearer('wrong')).status, 401);
  assert.equal((await bearer(TOKEN)).status, 200);

  const page = await openPage(browser);
  page.serverMayBeAway = (message) => /401|403/.test(message.text());
  await page.goto(program.url);
  const squall = new SquallPage(page);
  await screenshot(page, 'security-login');
  await login(page, 'wrong');
  await squall.waitForText(/wrong|refused|not right|invalid|incorrect|failed/i);
  assert.deepEqual(await page.context().cookies(), [], 'no cookie for a wrong token');
  await login(page, TOKEN);
  await squall.button(/^start/i).waitFor();

  const cookies = await page.context().cookies();
  assert.equal(cookies.length, 1);
  assert.equal(cookies[0].httpOnly, true);
  assert.equal(cookies[0].sameSite, 'Strict');
  assert.ok(!cookies[0].value.includes(TOKEN), 'the cookie is not the token');
  assert.ok(!page.url().includes(TOKEN), 'the token is in no address');
  assert.ok(!(await page.content()).includes(TOKEN), 'the token is in no page');
  await squall.start({ users: 2 });
  await squall.waitForRequests('Aggregated', 2);
  await squall.stop();
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

async function login(page, token) {
  const field = page.getByLabel(/token|password/i).first();
  await field.fill(token);
  await field.press('Enter');
}

test('a keyboard is enough to start and to stop', LIMIT, async () => {
  const program = await place.run(plan());
  const api = new Api(program.url);
  const page = await openPage(browser);
  const squall = await SquallPage.open(page, program.url);
  await squall.button(/^start/i).waitFor();
  await tabTo(page, (focused) => focused.role !== 'button' && /users/i.test(focused.name));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('3');
  await tabTo(page, (focused) => /^start/i.test(focused.name));
  await page.keyboard.press('Enter');
  const [{ id }] = await waitFor(async () => {
    const runs = await api.runs();
    return runs.length && runs;
  }, 'the run');
  await waitFor(async () => (await api.run(id)).users === 3, 'three users');
  await tabTo(page, (focused) => /^stop/i.test(focused.name));
  await page.keyboard.press('Enter');
  await sleep(300);
  // Where the page asks first, the focus must be in its question.
  if ((await api.run(id)).state === 'running') {
    await tabTo(page, (focused) => /stop/i.test(focused.name) && focused.inDialog);
    await page.keyboard.press('Enter');
  }
  await api.waitUntilOver(id);
  assert.deepEqual(page.sins, []);
  await page.context().close();
});

// Presses Tab until the focus is on something that satisfies; whoever gets it must show it.
async function tabTo(page, satisfies) {
  const seen = [];
  for (let press = 0; press < 80; press += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const labels = [...(element.labels ?? [])].map((label) => label.innerText).join(' ');
      const style = getComputedStyle(element);
      return {
        name: (element.getAttribute('aria-label') ?? (labels || element.innerText || element.value || '')).replace(/^\P{L}+/u, ''),
        role: element.tagName.toLowerCase(),
        inDialog: element.closest('dialog, [role=dialog], [role=alertdialog]') !== null,
        visible: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
      };
    });
    if (focused.role !== 'body' && satisfies(focused)) {
      assert.ok(focused.visible, `the focus on '${focused.name}' must be visible`);
      return;
    }
    seen.push(`${focused.role} '${focused.name.slice(0, 30)}'`);
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come to it: ${seen.join(', ')}`);
}
