// A run as large as the page must bear: ten thousand request names and a day of seconds, in the JSON
// of web/src/api.ts. By formula, so that it is the same every time.
export const NAMES = 10_000;
export const SECONDS = 86_400;

const STATS_COLUMNS = `method name requests failures timeouts response_mean response_min response_max
  response_p50 response_p66 response_p75 response_p80 response_p90 response_p95 response_p98
  response_p99 response_p99_9 response_p99_99 service_mean service_min service_max service_p50
  service_p90 service_p95 service_p99 service_p99_9 start_delay_p99 bytes_mean rps failures_ps
  current_rps current_failures_ps`.split(/\s+/);

// 0..1, without a pattern that a chart could show.
const noise = (n) => {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};
const round = (value) => Math.round(value * 1000) / 1000;

export const nameOf = (n) => `/api/v${n % 3}/tenants/${n % 97}/orders/${String(n).padStart(5, '0')}`;

function statsRow(n, seconds) {
  const base = 5 + 200 * noise(n);
  const requests = Math.floor(seconds * (0.01 + noise(n + 1) / 10)) + 1;
  const failures = n % 10 ? 0 : Math.floor(requests / 50);
  const spread = [0.2, 9, 1, 1.2, 1.3, 1.4, 1.7, 2, 2.4, 3, 5, 8].map((factor) => round(base * factor));
  const service = [1.05, 0.2, 8, 1, 1.6, 1.9, 2.8, 4.5].map((factor) => round(base * factor));
  return [n % 4 ? 'GET' : 'POST', nameOf(n), requests, failures, 0, round(base * 1.1), ...spread, ...service,
    null, 512 + n, round(requests / seconds), round(failures / seconds), round(noise(n + 2)), 0];
}

export function statistics(version, seconds = SECONDS) {
  const rows = Array.from({ length: NAMES }, (_, n) => statsRow(n, seconds));
  const sum = (index) => rows.reduce((total, row) => total + row[index], 0);
  const total = statsRow(0, seconds);
  Object.assign(total, { 0: '', 1: 'Aggregated', 2: sum(2), 3: sum(3), [STATS_COLUMNS.indexOf('rps')]: round(sum(2) / seconds) });
  return { version, columns: STATS_COLUMNS, rows, total, left_out: 0 };
}

export function failures(version) {
  const rows = Array.from({ length: NAMES / 10 }, (_, n) => [
    1 + n, 'GET', nameOf(n * 10), n % 2 ? 'status 500, must be 200' : 'timed out after 30s', '2026-01-01T00:00:10.000Z', '2026-01-01T23:00:00.000Z']);
  return { version, columns: ['count', 'method', 'name', 'reason', 'first_at', 'last_at'], rows, total: [], left_out: 0 };
}

const emptyTable = (version, columns) => ({ version, columns: columns.split(' '), rows: [], total: [], left_out: 0 });

export function points(from, to) {
  const column = (value) => Array.from({ length: to - from }, (_, index) => value(from + index));
  const day = (second) => 1 + Math.sin((second / SECONDS) * 2 * Math.PI);
  return {
    from,
    step: 1,
    start: column((second) => second),
    length: column(() => 1),
    requests: column((second) => Math.floor(300 * day(second) + 50 * noise(second))),
    failures: column((second) => (noise(second) > 0.97 ? 3 : 0)),
    response_p50: column((second) => round(20 + 10 * day(second) + noise(second))),
    response_p95: column((second) => round(60 + 30 * day(second) + 20 * noise(second))),
    response_p99: column((second) => round(90 + 60 * day(second) + 80 * noise(second + 0.5))),
    service_p95: column((second) => round(55 + 28 * day(second) + 18 * noise(second))),
    users: column((second) => Math.floor(100 * day(second))),
    target_users: column((second) => Math.floor(100 * day(second))),
    target_rate: column(() => 0),
  };
}

export function heat() {
  const bounds = Array.from({ length: 25 }, (_, row) => round(0.1 * 10 ** (row / 4)));
  const columns = 600;
  const cells = [];
  for (let column = 0; column < columns; column += 1) {
    for (let row = 4; row < 18; row += 1) cells.push([column, row, 1 + Math.floor(5000 * noise(column * 26 + row))]);
  }
  const length = SECONDS / columns;
  return { bounds, start: Array.from({ length: columns }, (_, n) => n * length), length: Array(columns).fill(length), cells };
}

export function run(id, state, seconds) {
  const over = state === 'finished';
  return {
    id, plan: 'big', host: 'http://127.0.0.1:1', squall_version: '0.1.0', state,
    started_at: '2026-01-01T00:00:00.000Z', ended_at: over ? '2026-01-02T00:00:00.000Z' : null,
    elapsed_seconds: seconds, measured_seconds: seconds, stop_reason: over ? 'profile finished' : '', error: '',
    options: { users: 200, spawn_rate: 10, run_time_seconds: SECONDS, profile: '200 users for 24h', open_model: false,
      warm_up_seconds: 0, cool_down_seconds: 0, stop_timeout_seconds: 5 },
    seed: '1', verdict: over ? 'PASS' : null, reasons: [], invalid_so_far: [], warnings: [],
    thresholds: [{ text: 'response_time: p(95) < 300ms', observed: '112ms', passed: true, abort_on_fail: false }],
    users: 100, target_users: 100, target_rate: 0, requests: 25_000_000 + seconds, failures: 2500,
    requests_per_second: 310, failures_per_second: 0.1, open_requests: 3, iterations: 20_000_000, dropped_iterations: 0,
    overridden: false, override: null, planned: [{ at: 0, users: 0, rate: 0 }, { at: 20, users: 200, rate: 0 }, { at: SECONDS, users: 200, rate: 0 }],
    stages: [{ duration_seconds: SECONDS, users: 200, spawn_rate: 10 }], classes: { Visitor: 100 },
  };
}

export function view(id, state, seconds, version) {
  return {
    run: run(id, state, seconds),
    stats: statistics(version),
    failures: failures(version),
    exceptions: emptyTable(version, 'count message traceback agents'),
    agents: emptyTable(version, `id name version state lost users target_users requests failures rps cpu_cores shards
      loop_lag_p99 start_skew rss_bytes open_fds fd_limit last_seen`.replace(/\s+/g, ' ')),
    tasks: [{ name: 'Visitor', share: 1, tasks: Array.from({ length: 200 }, (_, n) => ({ name: `task ${n}`, share: 1 / 200, tasks: [] })) }],
    events: Array.from({ length: 500 }, (_, number) => ({ number, at: '2026-01-01T00:00:00.000Z', text: `event ${number}` })),
    points: points(0, SECONDS),
    heat: heat(),
  };
}
