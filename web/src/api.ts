// The JSON of the gateway (docs/api.md) and of the data inside an HTML report. Times are
// milliseconds in tables and points, seconds where a name says so; instants are ISO 8601 in UTC.

export interface Server {
  version: string;
  program: string; // "squall run", "squall serve", "squall-operator", "locust"
  can: {
    start: boolean;
    start_text: boolean;
    one_at_a_time: boolean;
    scale: boolean;
    pause: boolean;
    stages: boolean;
    stop: boolean;
    remove: boolean;
    agents: boolean;
  };
  plans: PlanOffer[];
  login: boolean; // this session can log out
  instance?: string; // another one after the program was started again
}

export interface Stage {
  duration_seconds: number;
  users: number;
  spawn_rate: number;
}

export interface PlannedPoint {
  at: number; // seconds
  users: number;
  rate: number; // arrivals per second
}

export interface PlanOffer {
  name: string;
  kind: 'plan' | 'locustfile';
  open_model: boolean;
  load: string; // in words
  host: string;
  users: number | null;
  spawn_rate: number | null;
  arrival_rate: number | null; // at the peak, of the open model
  run_time_seconds: number | null;
  has_shape: boolean;
  planned: PlannedPoint[];
  stages: Stage[] | null;
  user_classes: { name: string; weight: number; fixed_count: number | null; tasks: string[] }[];
  tags: string[]; // that there are
  only_tags: string[]; // these five as the command line or the plan says
  exclude_tags: string[];
  iterations: number | null;
  seed: string | null;
  stop_timeout_seconds: number | null;
  options: {
    name: string;
    help: string;
    value: string;
    choices: string[];
    flag: boolean;
    many: boolean;
    secret: boolean;
    required: boolean;
  }[];
}

// POST /api/v1/runs. Whatever is left out is as it is offered. Null (of tags, an empty list, too)
// undoes what the command line says, and the plan where it can do without.
export interface StartRequest {
  plan?: string; // name of an offer; the first when left out
  text?: string; // YAML, in the place of `plan`
  users?: number;
  spawn_rate?: number;
  arrival_rate?: number; // in the place of both
  host?: string | null;
  run_time_seconds?: number | null; // null: until it is stopped, or its shape is over
  iterations?: number | null;
  stop_timeout_seconds?: number | null;
  seed?: string | null; // null: a new one
  tags?: string[];
  exclude_tags?: string[];
  user_classes?: string[];
  stages?: Stage[];
  options?: Record<string, string>;
}

// PATCH /api/v1/runs/ID: exactly one of them.
export type Change =
  | { users: number; spawn_rate?: number }
  | { arrival_factor: number }
  | { clear: true } // back to the profile
  | { paused: boolean }
  | { stages: Stage[] };

// What such a change has put in the profile's place.
export interface LoadByHand {
  users: number | null;
  spawn_rate: number | null; // with users
  arrival_factor: number | null;
}

export type RunState =
  'idle' | 'prepared' | 'running' | 'paused' | 'stopping' | 'finished' | 'failed';

export interface Threshold {
  text: string; // "response_time: p(95) < 300ms"
  observed: string; // "212ms", "no data"
  passed: boolean;
  abort_on_fail: boolean;
}

export interface Run {
  id: string;
  plan: string;
  host: string; // without a password
  squall_version: string;
  state: RunState;
  started_at: string | null;
  ended_at: string | null;
  elapsed_seconds: number;
  measured_seconds: number;
  stop_reason: string;
  error: string;
  options: {
    users: number | null;
    spawn_rate: number | null;
    run_time_seconds: number | null;
    profile: string; // in words
    open_model: boolean;
    warm_up_seconds: number;
    cool_down_seconds: number;
    stop_timeout_seconds: number;
  };
  seed: string;
  verdict: 'PASS' | 'FAIL' | 'INVALID' | null;
  reasons: string[];
  invalid_so_far: string[]; // why it would be INVALID now, while it goes on
  warnings: string[];
  thresholds: Threshold[];
  users: number;
  target_users: number;
  target_rate: number;
  requests: number;
  failures: number;
  requests_per_second: number; // over the last ten seconds; over the run when it is over
  failures_per_second: number;
  open_requests: number;
  iterations: number;
  dropped_iterations: number;
  overridden: boolean; // there is an override
  override: LoadByHand | null; // the wish; target_users is on its way there
  planned: PlannedPoint[];
  stages: Stage[] | null; // that can be edited
  classes: Record<string, number>; // running users by class
}

// One entry of GET /api/v1/runs.
export interface RunItem {
  id: string;
  plan: string;
  state: RunState;
  started_at: string | null;
  ended_at: string | null;
  verdict: 'PASS' | 'FAIL' | 'INVALID' | null;
  users: number;
  requests: number;
  failures: number;
  stop_reason: string;
}

// GET /api/v1/runs?limit=N&page=TOKEN&plan=NAME&state=pending|running|finished|failed, the newest
// first. POST, PATCH and …/stop answer with a RunItem.
export interface RunList {
  runs: RunItem[];
  next_page: string | null; // for `page`
}

// GET /api/v1/agents: those that have joined.
export interface AgentList {
  agents: {
    id: string;
    name: string;
    version: string;
    shards: number;
    cpu_count: number;
    address: string;
    run_id: string | null; // null: idle
    joined_at: string | null;
  }[];
}

// Every error, with its HTTP status.
export interface ApiError {
  error: { code: string; message: string };
}

// A table by rows of cells, as `columns` names them; null where there is nothing to say.
export interface Table {
  version: number;
  columns: string[];
  rows: (string | number | null)[][];
  total: (string | number | null)[]; // statistics only, else empty
  left_out: number; // rows beyond what the server sends
}
// Statistics: method name requests failures timeouts
//   response_mean response_min response_max response_p50 … p66 p75 p80 p90 p95 p98 p99 p99_9 p99_99
//   service_mean service_min service_max service_p50 service_p90 service_p95 service_p99
//   service_p99_9 start_delay_p99 bytes_mean rps failures_ps (over the run)
//   current_rps current_failures_ps (last ten seconds)
// Failures:   count method name reason first_at last_at
// Exceptions: count message traceback agents
// Agents:     id name version state lost users target_users requests failures rps cpu_cores shards
//             loop_lag_p99 start_skew rss_bytes open_fds fd_limit last_seen

// The run's line: arrays of equal length. They replace everything from index `from` on.
export interface Points {
  from: number;
  start: number[]; // seconds since the start
  length: number[]; // seconds
  requests: number[]; // in the step
  failures: number[];
  response_p50: number[];
  response_p95: number[];
  response_p99: number[];
  service_p95: number[];
  users: number[];
  target_users: number[];
  target_rate: number[];
}

export interface Heat {
  bounds: number[]; // upper bounds of the rows in ms; the last row has none
  start: number[]; // seconds
  length: number[];
  cells: [number, number, number][]; // column, row, count (0 is left out)
}

export interface TaskShare {
  name: string;
  share: number; // of the parent, 0..1
  tasks: TaskShare[];
}

export interface RunEvent {
  number: number;
  at: string;
  text: string;
}

// GET /api/v1/runs/ID/view, and what an HTML report carries.
export interface View {
  run: Run;
  stats: Table;
  failures: Table;
  exceptions: Table;
  agents: Table;
  tasks: TaskShare[];
  events: RunEvent[];
  points: Points;
  heat: Heat;
}

// GET /api/v1/runs/ID/stream?points=N&step=S&events=N: server-sent events. What the page has already:
// N points, the first of which is S seconds long (without `step` all points come, as they do when
// the line was thinned meanwhile); the number of the event that it wants next.
//   run:    Run
//   points: Points
//   events: RunEvent[]
//   tables: { version: number } — statistics and the other tables are newer: fetch what is shown
//   end:    {} — the run is over; fetch the view once more, then no more follows
