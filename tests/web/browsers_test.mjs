// Fifty browsers on one run: what they cost the coordinator. Clients that read as the page does: the
// stream of events, and the statistics whenever the stream says that there are newer ones.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Api, planOf } from './api.mjs';
import { ask, LIMIT, PATIENCE_MS, sleep, waitFor, Workplace } from './programs.mjs';
import { atMost, measured } from './tries.mjs';

const BROWSERS = 50;
const NAMES = 40;
const SECONDS = 10;
const CORE_SHARE_MAX = 0.05;

let place;
before(() => {
  place = new Workplace();
});
after(() => place?.close());

class Client {
  constructor(url, id) {
    this.base = `${url}/api/v1/runs/${id}`;
    this.seen = { run: 0, points: 0, tables: 0, end: 0 };
    this.tablesRead = 0;
    this.etag = '';
    this.closed = false;
    this.request = http.get(`${this.base}/stream?points=0&events=0`, {
      headers: { Accept: 'text/event-stream', 'Accept-Encoding': 'gzip, deflate, br' },
      agent: false,
      timeout: PATIENCE_MS,
    });
    this.request.on('error', (error) => {
      if (!this.closed) this.error = error;
    });
    this.request.on('response', (response) => {
      this.status = response.statusCode;
      let rest = '';
      response.setEncoding('utf8');
      response.on('error', () => {});
      response.on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (line.startsWith('event: ')) this.#event(line.slice(7));
        }
      });
    });
  }

  #event(name) {
    this.seen[name] = (this.seen[name] ?? 0) + 1;
    if (name === 'tables') this.#readTable();
  }

  async #readTable() {
    const headers = { 'Accept-Encoding': 'gzip', ...(this.etag && { 'If-None-Match': this.etag }) };
    try {
      const answer = await ask(`${this.base}/stats`, { headers });
      assert.ok([200, 304].includes(answer.status), `stats: ${answer.status}`);
      this.etag = answer.headers.etag ?? this.etag;
      this.tablesRead += 1;
    } catch (error) {
      if (!this.closed) this.error = error;
    }
  }

  close() {
    this.closed = true;
    this.request.destroy();
  }
}

async function cpuPerSecond(program) {
  const before = { cpu: program.cpuSeconds(), at: performance.now() };
  await sleep(SECONDS * 1000);
  return ((program.cpuSeconds() - before.cpu) / (performance.now() - before.at)) * 1000;
}

test('fifty browsers cost the coordinator at most a twentieth of a core', LIMIT, async () => {
  const target = await place.target();
  const agent = await place.agent();
  const server = await place.serve('--store', place.path('runs.db'), '--agents', `127.0.0.1:${agent.port}`);
  const api = new Api(server.url);
  const steps = Array.from({ length: NAMES }, (_, n) => `get: {path: /products/${n + 1}, name: "Product ${n + 1}"}`);
  const id = await api.begin({
    text: planOf(target, '{users: 20, spawn_rate: 100, run_time: 10m}', ...steps, 'think: 100ms'),
  });
  await measured(async () => {
    const alone = await cpuPerSecond(server);
    const clients = Array.from({ length: BROWSERS }, () => new Client(server.url, id));
    try {
      await waitFor(() => clients.every((client) => client.seen.points > 0 && client.tablesRead > 0), 'fifty streams');
      const watched = await cpuPerSecond(server);
      for (const client of clients) {
        assert.equal(client.error, undefined);
        assert.equal(client.status, 200);
        assert.ok(client.seen.points > 5, `a client saw ${JSON.stringify(client.seen)}`);
        assert.ok(client.tablesRead > 3, `a client read ${client.tablesRead} tables`);
      }
      console.log(`# alone ${alone.toFixed(3)}, watched ${watched.toFixed(3)} cores; a client: ${JSON.stringify(clients[0].seen)}`);
      atMost(watched - alone, CORE_SHARE_MAX, 'cores for fifty browsers');
    } finally {
      for (const client of clients) client.close();
    }
  });
  await api.post(`runs/${id}/stop`, {});
  await api.waitUntilOver(id);
});
