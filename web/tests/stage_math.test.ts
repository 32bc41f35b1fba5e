import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Stage } from '../src/api';
import * as stages from '../src/pages/stage_math';

const stage = (duration_seconds: number, users: number, spawn_rate: number): Stage => ({
  duration_seconds,
  users,
  spawn_rate,
});

test('the first user starts at once and the next ones at the spawn rate', () => {
  const plan = [stage(10, 5, 2)];
  assert.equal(stages.usersAt(plan, 0), 1);
  assert.equal(stages.usersAt(plan, 0.499), 1);
  assert.equal(stages.usersAt(plan, 0.5), 2);
  assert.equal(stages.usersAt(plan, 2), 5);
  assert.equal(stages.usersAt(plan, 9.999), 5);
});

test('nobody runs before the start and after the end', () => {
  assert.equal(stages.usersAt([stage(10, 5, 2)], -1), 0);
  assert.equal(stages.usersAt([stage(10, 5, 2)], 10), 0);
});

test('a stage goes down as it goes up', () => {
  const plan = [stage(10, 5, 100), stage(10, 2, 1)];
  assert.deepEqual(
    [10, 10.999, 11, 12, 19].map((at) => stages.usersAt(plan, at)),
    [4, 4, 3, 2, 2],
  );
});

test('a stage that is too short for its spawn rate is left where it got to', () => {
  const plan = [stage(3, 100, 1), stage(10, 0, 1)];
  assert.equal(stages.usersAt(plan, 2.9), 3);
  // The last start was at 2 s, so the first stop may come at 3 s.
  assert.equal(stages.usersAt(plan, 3), 2);
});

test('a change waits until the spawn rate allows it', () => {
  const plan = [stage(1, 1, 0.1), stage(20, 2, 0.1)];
  assert.equal(stages.usersAt(plan, 9.9), 1);
  assert.equal(stages.usersAt(plan, 10), 2);
});

test('the millionth user is as exact as the first', () => {
  const plan = [stage(1000, 1_000_000, 3000)];
  assert.equal(stages.usersAt(plan, 333.332_999), 999_999);
  assert.equal(stages.usersAt(plan, 333.333), 1_000_000);
});

test('the curve has the corners of the plan', () => {
  const curve = stages.curveOf([stage(10, 5, 1), stage(10, 5, 1), stage(10, 0, 5)]);
  assert.deepEqual(curve[0], { at: 0, users: 1 });
  assert.deepEqual(curve.at(-1), { at: 30, users: 0 });
  assert.ok(curve.some(({ at, users }) => at === 5 && users === 5));
  assert.ok(curve.some(({ at, users }) => at === 20 && users === 4));
});

test('cutting loses nothing', () => {
  const plan = [stage(10, 5, 1), stage(20, 9, 2)];
  assert.deepEqual(stages.cut(plan, 15), [[stage(10, 5, 1), stage(5, 9, 2)], [stage(15, 9, 2)]]);
  assert.deepEqual(stages.cut(plan, 10), [[stage(10, 5, 1)], [stage(20, 9, 2)]]);
  assert.deepEqual(stages.cut(plan, 0), [[], plan]);
  assert.deepEqual(stages.cut(plan, 99), [plan, []]);
  for (const at of [0.25, 5, 15, 29.5])
    assert.deepEqual(stages.merged(stages.cut(plan, at).flat()), plan);
});

test('an edit leaves the past as it was', () => {
  const planned = [stage(10, 5, 1), stage(20, 9, 2)];
  const drawn = [stage(2, 50, 50), stage(28, 20, 4)];
  assert.deepEqual(stages.withPast(planned, drawn, 12.3), [
    stage(10, 5, 1),
    stage(3, 9, 2),
    stage(17, 20, 4),
  ]);
});

test('an edit that changes nothing gives the same stages', () => {
  const planned = [stage(10, 5, 1), stage(20, 9, 2)];
  assert.deepEqual(stages.withPast(planned, planned, 12.3), planned);
});

test('an edited plan has the same users at every instant of the past', () => {
  const planned = [stage(10, 50, 3), stage(20, 9, 2), stage(20, 80, 7)];
  const edited = stages.withPast(planned, [stage(10, 50, 3), stage(60, 1, 1)], 21);
  for (let at = 0; at < 21; at += 0.1) {
    assert.equal(stages.usersAt(edited, at), stages.usersAt(planned, at), `at ${at}`);
  }
});

test('a run without stages gets a past that leads to its users', () => {
  const past = stages.pastOf(33.4, 700);
  assert.equal(stages.lengthOf(past), 34);
  assert.equal(stages.usersAt(past, 33.4), 700);
  assert.deepEqual(stages.pastOf(0, 5), []);
});

test('a stage cannot end in the past, nor before it begins', () => {
  const plan = [stage(10, 5, 1), stage(20, 9, 2)];
  assert.equal(stages.withEnd(plan, 1, 5, 0)[1]!.duration_seconds, 1);
  assert.equal(stages.withEnd(plan, 1, 5, 14.2)[1]!.duration_seconds, 6);
  assert.equal(stages.withEnd(plan, 1, 50, 14.2)[1]!.duration_seconds, 40);
  assert.equal(stages.stagesOver(plan, 14.2), 1);
});

test('what the server would refuse is said in words', () => {
  assert.equal(stages.troubleOf([stage(10, 5, 1)]), '');
  assert.match(stages.troubleOf([]), /at least one stage/);
  assert.match(stages.troubleOf([stage(10, 5, 1), stage(0, 5, 1)]), /^Stage 2 must last/);
  assert.match(stages.troubleOf([stage(10, 1.5, 1)]), /whole number/);
  assert.match(stages.troubleOf([stage(10, 5, 0)]), /spawn rate/);
  assert.match(stages.troubleOf([stage(10, 0, 1)]), /at least one user/);
});

test('the end of an axis is a round number', () => {
  assert.deepEqual([0, 1, 3, 7, 10, 11, 480].map(stages.roundUp), [1, 1, 5, 10, 10, 20, 500]);
});
