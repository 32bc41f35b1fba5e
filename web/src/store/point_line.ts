// The run's line of points: arrays that grow at their ends, so that a day of seconds is appended to
// and not copied.
import type { Points } from '../api';

const COLUMNS = [
  'start',
  'length',
  'requests',
  'failures',
  'response_p50',
  'response_p95',
  'response_p99',
  'service_p95',
  'users',
  'target_users',
  'target_rate',
] as const;

export type PointColumn = (typeof COLUMNS)[number];

export class PointLine {
  readonly columns = Object.fromEntries(COLUMNS.map((name) => [name, [] as number[]])) as Record<
    PointColumn,
    number[]
  >;

  get length(): number {
    return this.columns.start.length;
  }

  // Length of the first step in seconds: another one means that the line was thinned.
  get step(): number {
    return this.columns.length[0] ?? 0;
  }

  // Time where the last step ends, in seconds.
  get end(): number {
    const last = this.length - 1;
    return last < 0 ? 0 : this.columns.start[last]! + this.columns.length[last]!;
  }

  // False when the page begins beyond what is here: the caller must ask for everything again.
  apply(page: Points): boolean {
    if (page.from > this.length) return false;
    for (const name of COLUMNS) {
      const column = this.columns[name];
      column.length = page.from;
      // A day of points is more than a call can have arguments.
      for (const value of page[name] ?? []) column.push(value);
    }
    return true;
  }
}
