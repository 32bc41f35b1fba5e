// A server of the page and of web/src/api.ts with a run that no real target could make in a test:
// the large one of big_view.mjs, still going on, with something new every `period` milliseconds.
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

import * as big from './big_view.mjs';
import { BIN } from './programs.mjs';

// What Vite has made for this build.
const DIST = process.env.SQUALL_WEB_DIST ?? join(BIN, '../web/dist');
const TYPES = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html' };
const ID = 'big-1';

export class FakeGateway {
  static async start(period = 1000) {
    const gateway = new FakeGateway();
    gateway.seconds = big.SECONDS;
    gateway.streams = new Set();
    gateway.news = {}; // of the run, in the place of what big_view.mjs says
    gateway.changes = []; // the bodies of PATCH
    gateway.stops = []; // whether each was to be at once
    gateway.files = new Map([['/icon.svg', readFileSync(join(DIST, 'icon.svg'))]]);
    for (const name of readdirSync(join(DIST, 'assets'))) {
      gateway.files.set(`/assets/${name}`, readFileSync(join(DIST, 'assets', name)));
    }
    gateway.index = readFileSync(join(DIST, 'index.html'));
    gateway.server = http.createServer((request, response) => gateway.#answer(request, response));
    await new Promise((resolve) => gateway.server.listen(0, '127.0.0.1', resolve));
    gateway.url = `http://127.0.0.1:${gateway.server.address().port}`;
    gateway.timer = setInterval(() => gateway.#tick(), period);
    return gateway;
  }

  close() {
    clearInterval(this.timer);
    for (const stream of this.streams) stream.end();
    this.server.closeAllConnections();
    this.server.close();
  }

  #run() {
    return { ...big.run(ID, 'running', this.seconds), ...this.news };
  }

  #tick() {
    this.seconds += 1;
    for (const stream of this.streams) {
      send(stream, 'run', this.#run());
      send(stream, 'points', big.points(this.seconds - 2, this.seconds));
      send(stream, 'tables', { version: this.seconds });
    }
  }

  #answer(request, response) {
    const url = new URL(request.url, this.url);
    const path = url.pathname;
    if (!path.startsWith('/api/')) return this.#file(path, response);
    const part = path.replace(/^\/api\/v1\//, '').replace(`runs/${ID}`, 'run');
    if (part === 'run/stream') return this.#stream(response);
    if (part === 'run' && request.method === 'PATCH') return this.#change(request, response);
    if (part === 'run/stop') return this.#stop(request, response);
    const parts = {
      server: () => ({ version: '0.1.0', program: 'squall serve', plans: [], login: false,
        can: { start: true, start_text: true, one_at_a_time: false, scale: true, pause: true, stages: true, stop: true, remove: true, agents: true } }),
      runs: () => ({ runs: [this.#item()], next_page: null }),
      agents: () => ({ agents: [] }),
      run: () => this.#run(),
      'run/view': () => ({ ...big.view(ID, 'running', this.seconds, this.seconds), run: this.#run(), points: big.points(0, this.seconds) }),
      'run/stats': () => big.statistics(this.seconds, this.seconds),
      'run/failures': () => big.failures(this.seconds),
      'run/exceptions': () => big.view(ID, 'running', 1, this.seconds).exceptions,
      'run/agents': () => big.view(ID, 'running', 1, this.seconds).agents,
      'run/tasks': () => big.view(ID, 'running', 1, this.seconds).tasks,
      'run/events': () => big.view(ID, 'running', 1, this.seconds).events,
      'run/points': () => big.points(Math.max(0, Number(url.searchParams.get('known') ?? 0) - 1), this.seconds),
      'run/heat': () => big.heat(),
    };
    const body = parts[part]?.();
    response.writeHead(body ? 200 : 404, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
    response.end(JSON.stringify(body ?? { error: { code: 'NOT_FOUND', message: `no ${path}` } }));
  }

  #item() {
    const { id, plan, state, started_at, ended_at, verdict, users, requests, failures, stop_reason } =
      this.#run();
    return { id, plan, state, started_at, ended_at, verdict, users, requests, failures, stop_reason };
  }

  // As a server does it: the wish is known at once, the users are on their way for a long time.
  async #change(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    const change = JSON.parse(body);
    this.changes.push(change);
    const { users = null, arrival_factor = null } = change;
    const spawn_rate = users === null ? null : (change.spawn_rate ?? 1);
    Object.assign(this.news, change.clear
      ? { overridden: false, override: null }
      : { overridden: true, override: { users, spawn_rate, arrival_factor } });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(this.#item()));
  }

  // It goes on, as if its tasks took long.
  async #stop(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    this.stops.push(JSON.parse(body).immediate ?? false);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(this.#item()));
  }

  #stream(response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    send(response, 'run', this.#run());
  }

  #file(path, response) {
    const body = this.files.get(path) ?? (path.includes('.') ? null : this.index);
    const type = body === this.index ? 'text/html' : TYPES[path.split('.').pop()];
    response.writeHead(body ? 200 : 404, {
      'Content-Type': type ?? 'text/plain',
      'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'",
    });
    response.end(body);
  }
}

function send(stream, event, data) {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
