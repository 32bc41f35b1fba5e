// Two runs over one another on an axis of elapsed time. Pure.
import type { Points } from '../api';

const SAME_INSTANT_SECONDS = 0.25;

// What a run has in a step: arrays as in Points.
export type Steps = Omit<Points, 'from'>;

// What becomes of the values [from, to) of neighbours when they are one step.
type Merge = (values: number[], from: number, to: number) => number;

const first: Merge = (values, from) => values[from]!;
const last: Merge = (values, _from, to) => values[to - 1]!;
const sum: Merge = (values, from, to) => {
  let total = 0;
  for (let index = from; index < to; index += 1) total += values[index]!;
  return total;
};
const highest: Merge = (values, from, to) => {
  let most = values[from]!;
  for (let index = from + 1; index < to; index += 1)
    if (values[index]! > most) most = values[index]!;
  return most;
};

const MERGES: Record<keyof Steps, Merge> = {
  start: first,
  length: sum,
  requests: sum,
  failures: sum,
  response_p50: highest,
  response_p95: highest,
  response_p99: highest,
  service_p95: highest,
  users: last,
  target_users: last,
  target_rate: last,
};

// At most about `most` steps: neighbours become one.
export function shortened(steps: Steps, most: number): Steps {
  const count = steps.start.length;
  const stride = Math.ceil(count / most);
  if (stride <= 1) return steps;
  const merged = (name: keyof Steps) => {
    const short: number[] = [];
    for (let from = 0; from < count; from += stride) {
      short.push(MERGES[name](steps[name], from, Math.min(from + stride, count)));
    }
    return short;
  };
  return Object.fromEntries(
    Object.keys(MERGES).map((name) => [name, merged(name as keyof Steps)]),
  ) as unknown as Steps;
}

// One axis for two lines: the end of every step of either, and the step each was in (-1: none).
export interface Alignment {
  at: number[]; // seconds since the start of either run
  base: number[];
  run: number[];
}

export function align(base: Steps, run: Steps): Alignment {
  const result: Alignment = { at: [], base: [], run: [] };
  const [baseSteps, runSteps] = [base.start.length, run.start.length];
  let [i, j] = [0, 0];
  while (i < baseSteps || j < runSteps) {
    const mine = i < baseSteps ? base.start[i]! + base.length[i]! : Infinity;
    const theirs = j < runSteps ? run.start[j]! + run.length[j]! : Infinity;
    const at = Math.min(mine, theirs);
    result.at.push(at);
    result.base.push(i < baseSteps ? i : -1);
    result.run.push(j < runSteps ? j : -1);
    // Ends that are hardly apart are one: clocks of two runs never tick together.
    if (mine - at < SAME_INSTANT_SECONDS) i += 1;
    if (theirs - at < SAME_INSTANT_SECONDS) j += 1;
  }
  return result;
}

// What a run has at every instant of an alignment; `indices` are its own.
export function valuesOn(
  steps: Steps,
  indices: number[],
  of: (steps: Steps, index: number) => number | null,
): (number | null)[] {
  return indices.map((index) => (index < 0 ? null : of(steps, index)));
}
