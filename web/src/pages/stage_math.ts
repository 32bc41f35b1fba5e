// Stages as Locust means them, and as daemon/plan/planned_users.h follows them: from its start each
// stage moves the users towards its target, the first at once and then `spawn_rate` in a second; it
// holds from its start to just before its end. Pure. Instants are seconds since the run's start.
import type { Stage } from '../api';

export interface CurvePoint {
  at: number;
  users: number;
}

// From `start` on there are `users`; with a rate, one more (or one less) every 1/|rate| seconds.
interface Ramp {
  start: number; // nanoseconds, as all times inside
  users: number;
  rate: number;
}

const NANOS = 1e9;
const SHORTEST_SECONDS = 1;

const nanosOf = (seconds: number) => Math.round(seconds * NANOS);
// When the n-th change after the first comes. Computed from n, never summed up.
const offsetOf = (n: number, rate: number) => Math.round((n * NANOS) / rate);

// The least n >= 1 whose change comes at `span` or later.
function firstChangeBeyond(span: number, rate: number): number {
  let n = Math.max(1, Math.floor((span * rate) / NANOS));
  while (n > 1 && offsetOf(n - 1, rate) >= span) n -= 1;
  while (offsetOf(n, rate) < span) n += 1;
  return n;
}

function changesWithin(span: number, rate: number): number {
  let n = Math.max(0, Math.floor((span * rate) / NANOS));
  while (n > 0 && offsetOf(n, rate) > span) n -= 1;
  while (offsetOf(n + 1, rate) <= span) n += 1;
  return n;
}

function rampsOf(stages: readonly Stage[]): Ramp[] {
  const ramps: Ramp[] = [];
  const hold = (start: number, users: number) => {
    if (ramps.length === 0 || ramps.at(-1)!.rate !== 0) ramps.push({ start, users, rate: 0 });
  };
  let users = 0;
  let lastChange = -Infinity;
  let at = 0;
  let end = 0;
  for (const stage of stages) {
    end += nanosOf(stage.duration_seconds);
    while (at < end) {
      const ready = Math.max(at, lastChange + offsetOf(1, stage.spawn_rate));
      if (users === stage.users || ready > at) {
        hold(at, users);
        at = users === stage.users ? end : Math.min(ready, end);
        continue;
      }
      const missing = Math.abs(stage.users - users);
      const step = stage.users > users ? 1 : -1;
      const changes = Math.min(missing, firstChangeBeyond(end - at, stage.spawn_rate));
      ramps.push({ start: at, users: users + step, rate: step * stage.spawn_rate });
      users += step * changes;
      lastChange = at + offsetOf(changes - 1, stage.spawn_rate);
      at = Math.min(end, at + offsetOf(changes, stage.spawn_rate));
    }
  }
  return ramps;
}

function usersIn(ramp: Ramp, at: number): number {
  if (ramp.rate === 0) return ramp.users;
  return ramp.users + Math.sign(ramp.rate) * changesWithin(at - ramp.start, Math.abs(ramp.rate));
}

export function lengthOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.duration_seconds, 0);
}

// How many users the stages have at `at`; 0 before the start and after the end.
export function usersAt(stages: readonly Stage[], at: number): number {
  const now = nanosOf(at);
  if (now < 0 || now >= nanosOf(lengthOf(stages))) return 0;
  const ramp = rampsOf(stages).findLast(({ start }) => start <= now);
  return ramp === undefined ? 0 : usersIn(ramp, now);
}

// The line to draw: where the users bend, the start and the end included.
export function curveOf(stages: readonly Stage[]): CurvePoint[] {
  const ramps = rampsOf(stages);
  const end = nanosOf(lengthOf(stages));
  const points: CurvePoint[] = [];
  for (const [index, ramp] of ramps.entries()) {
    const until = ramps[index + 1]?.start ?? end;
    points.push({ at: ramp.start / NANOS, users: ramp.users });
    points.push({ at: until / NANOS, users: usersIn(ramp, until - 1) });
  }
  return points;
}

// ---- editing ---------------------------------------------------------------------------------

// Two pieces of `stages`: what lies before `at`, and the rest.
export function cut(stages: readonly Stage[], at: number): [Stage[], Stage[]] {
  const before: Stage[] = [];
  const after: Stage[] = [];
  let start = 0;
  for (const stage of stages) {
    const end = start + stage.duration_seconds;
    const early = Math.min(Math.max(at - start, 0), stage.duration_seconds);
    if (early > 0) before.push({ ...stage, duration_seconds: rounded(early) });
    if (end > at)
      after.push({ ...stage, duration_seconds: rounded(stage.duration_seconds - early) });
    start = end;
  }
  return [before, after];
}

const rounded = (seconds: number) => Math.round(seconds * 1000) / 1000;

// Neighbours that ask for the same are one stage.
export function merged(stages: readonly Stage[]): Stage[] {
  const result: Stage[] = [];
  for (const stage of stages) {
    const last = result.at(-1);
    if (last !== undefined && last.users === stage.users && last.spawn_rate === stage.spawn_rate) {
      last.duration_seconds = rounded(last.duration_seconds + stage.duration_seconds);
    } else {
      result.push({ ...stage });
    }
  }
  return result;
}

// What to send at `now`: the past as it was planned, and what was drawn for later. The run's clock
// goes on while somebody draws, so edits that lie behind `now` by then are lost.
export function withPast(planned: readonly Stage[], drawn: readonly Stage[], now: number): Stage[] {
  const seconds = Math.ceil(now);
  return merged([...cut(planned, seconds)[0], ...cut(drawn, seconds)[1]]);
}

// The past of a run that had no stages: one that leads to the users it has now.
export function pastOf(now: number, users: number): Stage[] {
  const seconds = Math.ceil(now);
  if (seconds <= 0) return [];
  return [
    { duration_seconds: seconds, users, spawn_rate: Math.max(1, rounded((2 * users) / seconds)) },
  ];
}

// How many stages are over at `now` and can no more be changed.
export function stagesOver(stages: readonly Stage[], now: number): number {
  let end = 0;
  return stages.filter((stage) => (end += stage.duration_seconds) <= now).length;
}

// `stages` with stage `index` ending at `end`, but not before it began, nor before `now`; the later
// ones keep their lengths.
export function withEnd(
  stages: readonly Stage[],
  index: number,
  end: number,
  now: number,
): Stage[] {
  const start = lengthOf(stages.slice(0, index));
  const earliest = Math.max(start, Math.ceil(now)) + SHORTEST_SECONDS;
  const duration_seconds = rounded(Math.max(end, earliest) - start);
  return withField(stages, index, { duration_seconds });
}

export function withField(
  stages: readonly Stage[],
  index: number,
  change: Partial<Stage>,
): Stage[] {
  return stages.map((stage, place) => (place === index ? { ...stage, ...change } : stage));
}

// One more stage behind `index`, like it.
export function withCopy(stages: readonly Stage[], index: number): Stage[] {
  const copy = { ...(stages[index] ?? { duration_seconds: 60, users: 10, spawn_rate: 10 }) };
  return [...stages.slice(0, index + 1), copy, ...stages.slice(index + 1)];
}

// What the server would refuse, in words; empty: nothing.
export function troubleOf(stages: readonly Stage[]): string {
  if (stages.length === 0) return 'There must be at least one stage';
  for (const [index, { duration_seconds, users, spawn_rate }] of stages.entries()) {
    const stage = `Stage ${index + 1}`;
    if (!(duration_seconds > 0)) return `${stage} must last longer than 0 s`;
    if (!(users >= 0) || !Number.isInteger(users))
      return `${stage} must have a whole number of users`;
    if (!(spawn_rate > 0)) return `${stage} must have a spawn rate above 0`;
  }
  if (stages.every(({ users }) => users === 0)) return 'Some stage must have at least one user';
  return '';
}

// A round number above `value`, for the end of an axis: 1, 2 or 5 times a power of ten.
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= value * (1 - 1e-9))!;
}
