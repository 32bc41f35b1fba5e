import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LoadByHand, PlannedPoint, Run, Stage } from '../src/api';
import * as scale from '../src/pages/scale_math';

const byHand = (set: Partial<LoadByHand>): LoadByHand => ({
  users: null,
  spawn_rate: null,
  arrival_factor: null,
  ...set,
});
const curve = (...corners: [number, number][]): PlannedPoint[] =>
  corners.map(([at, users]) => ({ at, users, rate: 0 }));

// 1000 users at 10/s without an end, 30 s after its start.
function run(change: Partial<Run> = {}, options: Partial<Run['options']> = {}): Run {
  return {
    options: { users: 1000, spawn_rate: 10, run_time_seconds: null, ...options },
    elapsed_seconds: 30,
    users: 300,
    target_users: 301,
    planned: curve([0, 1], [100, 1000]),
    stages: null,
    override: null,
    ...change,
  } as Run;
}

test('the goal is what was asked for by hand, not where the ramp is by now', () => {
  const on_the_way = { override: byHand({ users: 2000, spawn_rate: 10 }), target_users: 1030 };
  assert.equal(scale.goalOf(run(on_the_way)), 2000);
  assert.equal(scale.goalOf(run({ override: byHand({ users: 0, spawn_rate: 10 }) })), 0);
});

test('while the plan’s users start the goal is all of them', () => {
  assert.equal(scale.goalOf(run()), 1000);
  assert.equal(scale.goalOf(run({ elapsed_seconds: 0 })), 1000);
  assert.equal(scale.goalOf(run({ elapsed_seconds: 5000 })), 1000);
  const ends = { planned: curve([0, 1], [100, 1000], [600, 1000]) };
  assert.equal(scale.goalOf(run(ends, { run_time_seconds: 600 })), 1000);
  assert.equal(
    scale.goalOf(run({ ...ends, elapsed_seconds: 300 }, { run_time_seconds: 600 })),
    1000,
  );
});

test('the goal of stages is that of the stage under way, not their peak', () => {
  const stage = (duration_seconds: number, users: number): Stage => ({
    duration_seconds,
    users,
    spawn_rate: 10,
  });
  const stages = [stage(60, 400), stage(60, 1000), stage(60, 50)];
  const at = (elapsed_seconds: number) => scale.goalOf(run({ stages, elapsed_seconds }));
  assert.deepEqual([0, 59, 60, 130].map(at), [400, 400, 1000, 50]);
});

test('each ramp of a curve leads to the level after it', () => {
  const planned = curve([0, 0], [10, 50], [20, 50], [20, 90], [30, 90], [40, 0]);
  const at = (elapsed_seconds: number) =>
    scale.goalOf(run({ planned, elapsed_seconds, target_users: 7 }, { run_time_seconds: 40 }));
  assert.deepEqual([5, 15, 25].map(at), [50, 50, 90]);
  assert.equal(at(35), 7, 'the run ends with this one');
});

test('a curve that never rests has no goal but the moment’s', () => {
  const wave = curve([0, 0], [10, 50], [20, 10], [30, 50]);
  const options = { run_time_seconds: 30 };
  assert.equal(scale.goalOf(run({ planned: wave, elapsed_seconds: 15 }, options)), 301);
  // A locustfile's shape is told to the run from outside: it has no curve, and no users of its own.
  assert.equal(scale.goalOf(run({ planned: [] }, { users: 0 })), 301);
});

test('scaling keeps to the plan’s spawn rate unless another was typed', () => {
  assert.equal(scale.spawnRateFor(run({}, { spawn_rate: 100 }), 2000, ''), 100);
  assert.equal(scale.spawnRateFor(run({}, { spawn_rate: 100 }), 2000, '0'), 100);
  assert.equal(scale.spawnRateFor(run({}, { spawn_rate: 100 }), 2000, '2.5'), 2.5);
  assert.match(scale.spawnRateWords(run({}, { spawn_rate: 100 })), /the plan’s own, 100$/);
});

test('without a rate of the plan all users come, or go, within a second', () => {
  const several = run({ users: 300, target_users: 301 }, { spawn_rate: null });
  assert.equal(scale.spawnRateFor(several, 2000, ''), 2000);
  assert.equal(scale.spawnRateFor(several, 0, ''), 301);
  assert.equal(
    scale.spawnRateFor(run({ users: 0, target_users: 0 }, { spawn_rate: null }), 0, ''),
    1,
  );
  assert.match(scale.spawnRateWords(several), /empty: all of them/);
});

test('arrivals are at the factor that was set, in every browser', () => {
  assert.equal(scale.arrivalPercentOf(run()), 100);
  assert.equal(scale.arrivalPercentOf(run({ override: byHand({ arrival_factor: 1.15 }) })), 115);
  assert.equal(scale.arrivalPercentOf(run({ override: byHand({ arrival_factor: 0 }) })), 0);
});
