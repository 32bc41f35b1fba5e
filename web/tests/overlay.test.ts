import assert from 'node:assert/strict';
import { test } from 'node:test';

import { align, shortened, valuesOn, type Steps } from '../src/pages/overlay';

const steps = (start: number[], length: number[], users: number[]) =>
  ({ start, length, users }) as unknown as Steps;
const usersOf = ({ users }: Steps, index: number) => users[index]!;

function overlay(base: Steps, run: Steps) {
  const { at, ...indices } = align(base, run);
  return {
    at,
    base: valuesOn(base, indices.base, usersOf),
    run: valuesOn(run, indices.run, usersOf),
  };
}

test('lines of different steps share one axis and have no gaps', () => {
  const lines = overlay(steps([0, 1, 2], [1, 1, 1], [1, 2, 3]), steps([0, 2], [2, 2], [7, 8]));
  assert.deepEqual(lines, { at: [1, 2, 3, 4], base: [1, 2, 3, null], run: [7, 7, 8, 8] });
});

test('instants that are hardly apart are one', () => {
  const lines = overlay(steps([0, 1], [1, 1], [1, 2]), steps([0, 1.01], [1.01, 1], [7, 8]));
  assert.deepEqual(lines, { at: [1, 2], base: [1, 2], run: [7, 8] });
});

test('a long run is shortened without losing requests, peaks or the end', () => {
  const count = 10;
  const all = (value: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => value(index));
  const long: Steps = {
    start: all((i) => i),
    length: all(() => 1),
    requests: all(() => 4),
    failures: all((i) => (i === 9 ? 1 : 0)),
    response_p50: all(() => 1),
    response_p95: all((i) => (i === 4 ? 99 : 2)),
    response_p99: all(() => 3),
    service_p95: all(() => 2),
    users: all((i) => i),
    target_users: all((i) => i),
    target_rate: all(() => 0),
  };
  const short = shortened(long, 4);
  assert.deepEqual(short.start, [0, 3, 6, 9]);
  assert.deepEqual(short.length, [3, 3, 3, 1]);
  assert.deepEqual(short.requests, [12, 12, 12, 4]);
  assert.deepEqual(short.failures, [0, 0, 0, 1]);
  assert.deepEqual(short.response_p95, [2, 99, 2, 2]);
  assert.deepEqual(short.users, [2, 5, 8, 9]);
  assert.equal(shortened(long, 10), long);
});
