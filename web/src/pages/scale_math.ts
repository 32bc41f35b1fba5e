// What the live controls of a run's load show and send. Pure.
import type { PlannedPoint, Run } from '../api';

// The users that the run is on its way to: what was set by hand, else where the plan's present ramp
// or stage leads. target_users is where that ramp should be at this moment, and no wish of anybody.
export function goalOf(run: Run): number {
  const set = run.override?.users ?? null;
  if (set !== null) return set;
  return stageGoal(run) ?? levelAhead(run) ?? run.target_users;
}

function stageGoal({ stages, elapsed_seconds }: Run): number | null {
  let end = 0;
  for (const stage of stages ?? []) {
    end += stage.duration_seconds;
    if (elapsed_seconds < end) return stage.users;
  }
  return null;
}

// The users on which the curve rests now, or once its present ramp is over. Nothing where it goes on
// moving: such a curve has a value of the moment and no goal.
function levelAhead(run: Run): number | null {
  const { planned, elapsed_seconds: now } = run;
  const last = planned.at(-1);
  const first = planned.findIndex((point, index) => index > 0 && point.at > now);
  const endless = run.options.run_time_seconds === null;
  if (!last || !run.options.users) return null;
  if (first < 0) return endless ? Math.round(last.users) : null;
  const [from, to] = [planned[first - 1]!, planned[first]!];
  const after = planned[first + 1];
  const rests = after ? isFlat(to, after) : endless;
  return isFlat(from, to) || rests ? Math.round(to.users) : null;
}

function isFlat(from: PlannedPoint, to: PlannedPoint): boolean {
  return from.users === to.users && from.at < to.at;
}

// By how many users in a second a change to `users` is made. It is always sent: a server that is not
// told takes one in a second, whatever the plan's is. A plan with several rates or none has no one to
// be kept to, so all come or go within a second.
export function spawnRateFor(run: Run, users: number, typed: string): number {
  const wanted = Number(typed);
  if (wanted > 0) return wanted;
  const planned = run.options.spawn_rate ?? 0;
  return planned > 0 ? planned : Math.max(1, users, run.users, run.target_users);
}

// What spawnRateFor does, for whoever looks at the field.
export function spawnRateWords(run: Run): string {
  const rate = run.options.spawn_rate;
  const empty = rate ? `the plan’s own, ${rate}` : 'all of them, as the plan has no single rate';
  return `Users that start or stop in a second when you scale; empty: ${empty}`;
}

export function arrivalPercentOf(run: Run): number {
  return Math.round((run.override?.arrival_factor ?? 1) * 100);
}
