import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Points } from '../src/api';
import { cellAt, columnsIn, heatRows } from '../src/components/heat_cells';
import { indexAt, thinned } from '../src/components/thin';
import { percentileOf, perSecond, plannedAt, timesOf, usersChart } from '../src/pages/chart_series';
import { PointLine } from '../src/store/point_line';

function points(from: number, requests: number[]): Points {
  const column = (value: (n: number) => number) => requests.map((_, index) => value(from + index));
  const zero = column(() => 0);
  return {
    from,
    start: column((n) => n * 2),
    length: column(() => 2),
    requests,
    failures: zero,
    response_p50: column((n) => n + 1),
    response_p95: zero,
    response_p99: zero,
    service_p95: zero,
    users: column((n) => n),
    target_users: column(() => 9),
    target_rate: zero,
  };
}

test('points replace the line from their index on', () => {
  const line = new PointLine();
  assert.ok(line.apply(points(0, [1, 2, 3])));
  assert.ok(line.apply(points(2, [4, 5])));
  assert.deepEqual(line.columns.requests, [1, 2, 4, 5]);
  assert.equal(line.end, 8);
  assert.equal(line.step, 2);
});

test('points beyond the end of the line are refused: something is missing', () => {
  const line = new PointLine();
  line.apply(points(0, [1]));
  assert.equal(line.apply(points(3, [1])), false);
  assert.equal(line.length, 1);
});

test('a thinned curve keeps its spikes and its dips', () => {
  const at = Array.from({ length: 10_000 }, (_, index) => index);
  const values = at.map(() => 5 as number | null);
  values[4321] = 99;
  values[8765] = -7;
  const small = thinned(at, [values], 0, at.length, 500);
  assert.ok(small.at.length <= 500);
  assert.equal(small.at.length, small.values[0]!.length);
  assert.equal(Math.max(...(small.values[0] as number[])), 99);
  assert.equal(Math.min(...(small.values[0] as number[])), -7);
  assert.ok(
    small.at.every((time, index) => index === 0 || time > small.at[index - 1]!),
    'times grow',
  );
});

test('a short curve is drawn as it is, and where nothing was measured there is nothing', () => {
  const small = thinned([1, 2, 3], [[1, null, 3]], 0, 3, 500);
  assert.deepEqual(small, { at: [1, 2, 3], values: [[1, null, 3]] });
  const gap = thinned([1, 2, 3, 4, 5, 6], [[1, 1, null, null, 2, 2]], 0, 6, 6 - 1);
  assert.ok(gap.values[0]!.length > 0);
});

test('the first index at or after a time', () => {
  assert.equal(indexAt([1, 3, 5], 3), 1);
  assert.equal(indexAt([1, 3, 5], 4), 2);
  assert.equal(indexAt([1, 3, 5], 9), 3);
});

test('rates are of the step, percentiles only where there were requests', () => {
  const line = new PointLine();
  line.apply(points(0, [10, 0]));
  assert.deepEqual(timesOf(line), [2, 4]);
  assert.deepEqual(perSecond(line, 'requests'), [5, 0]);
  assert.deepEqual(percentileOf(line, 'response_p50'), [1, null]);
});

test('the plan between its points, and nothing outside of them', () => {
  const planned = [
    { at: 0, users: 0, rate: 0 },
    { at: 10, users: 20, rate: 0 },
    { at: 10, users: 5, rate: 0 },
    { at: 20, users: 5, rate: 0 },
  ];
  assert.equal(plannedAt(planned, 5, 'users'), 10);
  assert.equal(plannedAt(planned, 15, 'users'), 5);
  assert.equal(plannedAt(planned, 21, 'users'), null);
  assert.equal(plannedAt([], 1, 'users'), null);
});

test('users of a run that goes on are followed by the rest of the plan', () => {
  const line = new PointLine();
  line.apply(points(0, [1, 1]));
  const planned = [
    { at: 0, users: 0, rate: 0 },
    { at: 8, users: 8, rate: 0 },
  ];
  assert.deepEqual(usersChart(line, planned, 'users', false), {
    at: [2, 4, 8],
    actual: [0, 1, null],
    wanted: [9, 9, null],
    planned: [2, 4, 8],
  });
  assert.deepEqual(usersChart(line, planned, 'users', true).at, [2, 4]);
});

test('cells of the heat map by time and latency', () => {
  const heat = {
    bounds: [1, 10, 100],
    start: [0, 5, 10],
    length: [5, 5, 5],
    cells: [
      [0, 1, 4],
      [1, 3, 2],
      [1, 1, 1],
    ] as [number, number, number][],
  };
  assert.deepEqual(
    heatRows(heat).map(({ from, to, count }) => [from, to, count]),
    [
      [1, 10, 5],
      [10, 100, 0],
      [100, null, 2],
    ],
  );
  assert.deepEqual(columnsIn(heat, 4, 11), [0, 3]);
  assert.deepEqual(columnsIn(heat, 5, 10), [1, 2]);
  assert.equal(cellAt(heat, 7, 3), 2);
  assert.equal(cellAt(heat, 7, 2), 0);
  assert.equal(cellAt(heat, 70, 2), 0);
});
