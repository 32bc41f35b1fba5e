// The real programs, for tests of the page: started on ports that they pick, ended by their handles.
// Programs are found in SQUALL_BIN (ctest sets it). Every wait has a bound, generous enough for a
// busy machine.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const BIN = process.env.SQUALL_BIN ?? join(ROOT, 'build/dev/bin');
export const PATIENCE_MS = 90_000; // for what must come by itself
const STOP_MS = 20_000; // then a program that was asked to go is killed
// Of a whole test: it ends by itself before ctest would kill it.
export const LIMIT = { timeout: 500_000 };

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The first truthy value of `condition`, or an error that names what was waited for.
export async function waitFor(condition, what, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  let trouble = '';
  while (Date.now() < deadline) {
    try {
      const value = await condition();
      if (value) return value;
      trouble = '';
    } catch (error) {
      trouble = `: ${error.message}`;
    }
    await sleep(50);
  }
  throw new Error(`waited ${patience / 1000} s in vain for ${what}${trouble}`);
}

// A folder of its own for a test, with the programs that run in it. close() ends them all.
export class Workplace {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'squall-web-'));
    this.programs = [];
    this.count = 0;
  }

  path(name) {
    return join(this.folder, name);
  }

  write(name, text) {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  // `flag` names the file that the program writes its port into.
  async start(name, args, flag = '--port-file') {
    const portFile = this.path(`port-${(this.count += 1)}`);
    const program = new Program(name, [...args, flag, portFile]);
    this.programs.push(program);
    program.port = Number(
      await waitFor(() => {
        if (program.ended) throw new Error(`${name} ended with ${program.code}: ${program.output}`);
        return existsSync(portFile) && readFileSync(portFile, 'utf8').trim();
      }, `the port of ${name}`),
    );
    program.url = `http://127.0.0.1:${program.port}`;
    return program;
  }

  target(...flags) {
    return this.start('squall-target', ['--listen', '127.0.0.1:0', ...flags]);
  }

  // `squall run` with its page.
  run(plan, ...flags) {
    return this.start('squall', ['run', plan, '--web-port', '0', ...flags], '--web-port-file');
  }

  serve(...flags) {
    const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const web = flags.includes('--web-listen') ? [] : ['--web-listen', '127.0.0.1:0'];
    const all = [...listen, ...web, '--metrics-listen', '', ...flags];
    return this.start('squall', ['serve', ...all], '--web-port-file');
  }

  agent(...flags) {
    return this.start('squalld', ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0',
      '--shards', '1', ...flags]);
  }

  async close() {
    await Promise.all(this.programs.map((program) => program.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Program {
  constructor(name, args) {
    this.name = name;
    this.output = '';
    this.ended = false;
    // It dies with the test, however that ends.
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', join(BIN, name), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => {
        this.output = (this.output + data).slice(-20_000);
      });
    }
    this.over = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.output += error.message;
        this.#end(null, resolve);
      });
      this.child.on('exit', (code) => this.#end(code, resolve));
    });
  }

  #end(code, resolve) {
    this.ended = true;
    this.code = code;
    resolve(code);
  }

  // User and system time of the process so far, in seconds.
  cpuSeconds() {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100; // USER_HZ is 100 on Linux
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.over;
  }

  async stop() {
    if (!this.ended) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await this.over;
    clearTimeout(timer);
  }
}

// One request as a program makes it, with whatever headers and Host it likes:
// {status, headers, text}. fetch() sends neither a Host nor a Cookie of one's own.
export function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, timeout: PATIENCE_MS }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        const { statusCode: status, headers: received } = response;
        resolve({ status, headers: received, bytes, text: bytes.toString() });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer: ${method} ${url}`)));
    request.on('error', reject);
    request.end(body);
  });
}

// An answer of the API, which must be a good one.
export async function askJson(url, options = {}) {
  const { json, ...rest } = options;
  if (json !== undefined) {
    rest.method ??= 'POST';
    rest.headers = { 'Content-Type': 'application/json', ...rest.headers };
    rest.body = JSON.stringify(json);
  }
  const answer = await ask(url, rest);
  if (answer.status >= 300) {
    throw new Error(`${rest.method ?? 'GET'} ${url}: ${answer.status} ${answer.text.slice(0, 500)}`);
  }
  return answer.text ? JSON.parse(answer.text) : null;
}
