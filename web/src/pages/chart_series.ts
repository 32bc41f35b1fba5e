// The run's line as charts want it: rates of steps, percentiles where there was a request, users
// against what was planned. Pure.
import type { PlannedPoint } from '../api';
import type { PointLine } from '../store/point_line';

type Curve = (number | null)[];

// A step is shown where it ends.
export function timesOf({ columns }: PointLine): number[] {
  return columns.start.map((start, index) => start + columns.length[index]!);
}

export function perSecond(line: PointLine, of: 'requests' | 'failures'): Curve {
  const { length } = line.columns;
  return line.columns[of].map((value, index) =>
    length[index]! > 0 ? value / length[index]! : null,
  );
}

// A step without a request has no percentile: the curve breaks there.
export function percentileOf(
  line: PointLine,
  of: 'response_p50' | 'response_p95' | 'response_p99' | 'service_p95',
): Curve {
  const { requests } = line.columns;
  return line.columns[of].map((value, index) => (requests[index]! > 0 ? value : null));
}

// The plan's users or arrivals at a time, between the points that are known of it.
export function plannedAt(
  planned: PlannedPoint[],
  at: number,
  of: 'users' | 'rate',
): number | null {
  if (planned.length === 0 || at < planned[0]!.at || at > planned.at(-1)!.at) return null;
  const after = planned.findIndex((point) => point.at >= at);
  const right = planned[after]!;
  const left = planned[after - 1];
  if (!left || right.at === left.at) return right[of];
  return left[of] + ((right[of] - left[of]) * (at - left.at)) / (right.at - left.at);
}

function timesAhead(planned: PlannedPoint[], now: number): number[] {
  const horizon = Math.min(planned.at(-1)?.at ?? 0, Math.max(now + AHEAD_MIN, now * 2));
  if (horizon <= now) return [];
  return [...planned.map((point) => point.at).filter((at) => at > now && at < horizon), horizon];
}

export interface UsersChart {
  at: number[];
  actual: Curve;
  wanted: Curve;
  planned: Curve;
}

// At least so much of what is ahead is shown, in seconds, and as much again as is behind.
const AHEAD_MIN = 30;

// What is ahead of the run is there too, with nothing but the plan.
export function usersChart(
  line: PointLine,
  planned: PlannedPoint[],
  of: 'users' | 'rate',
  over: boolean,
): UsersChart {
  const past = timesOf(line);
  const ahead = over ? [] : timesAhead(planned, line.end);
  const at = past.concat(ahead);
  const none = ahead.map(() => null);
  const wanted: Curve = (
    of === 'users' ? line.columns.target_users : line.columns.target_rate
  ).slice();
  let segment = 0;
  return {
    at,
    actual: [...(line.columns.users as Curve), ...none],
    wanted: [...wanted, ...none],
    planned: at.map((time) => {
      // Times only grow, so what is behind is never looked at again.
      while (segment < planned.length - 2 && planned[segment + 1]!.at < time) segment += 1;
      return plannedAt(planned.slice(segment, segment + 2), time, of);
    }),
  };
}
