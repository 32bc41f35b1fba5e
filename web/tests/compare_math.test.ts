import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Table } from '../src/api';
import { changeOf, compareStats, compareTotals } from '../src/pages/compare_math';

const COLUMNS = 'method name requests failures rps response_p50 response_p95 response_p99'.split(
  ' ',
);
type Row = [string, string, ...(number | null)[]];

function table(...rows: Row[]): Table {
  return {
    version: 1,
    columns: COLUMNS,
    rows,
    total: ['', 'Aggregated', 100, 0, 10, 5, 9, 10],
    left_out: 0,
  };
}

test('a change has its difference and its percents', () => {
  assert.deepEqual(changeOf(10, 15), { base: 10, run: 15, difference: 5, percent: 50 });
  assert.deepEqual(changeOf(0, 15), { base: 0, run: 15, difference: 15, percent: null });
  assert.deepEqual(changeOf(null, 15), { base: null, run: 15, difference: null, percent: null });
});

test('slower is worse and faster is better, beyond five percent', () => {
  const [entry] = compareStats(
    table(['GET', '/', 100, 0, 10, 100, 100, 100]),
    table(['GET', '/', 200, 0, 20, 105, 106, 94]),
  );
  const { figures } = entry!;
  assert.equal(figures.response_p50.judgement, 'same');
  assert.equal(figures.response_p95.judgement, 'worse');
  assert.equal(figures.response_p99.judgement, 'better');
  assert.equal(figures.rps.judgement, 'better');
  assert.equal(figures.requests.judgement, 'same');
});

test('failures are judged by their share of the requests', () => {
  const failures = (base: number, run: number) =>
    compareStats(
      table(['GET', '/', 10_000, base, 1, 1, 1, 1]),
      table(['GET', '/', 20_000, run, 1, 1, 1, 1]),
    )[0]!.figures.failures;
  assert.equal(failures(10, 20).judgement, 'same');
  assert.equal(failures(10, 60).judgement, 'worse');
  assert.equal(failures(20, 0).judgement, 'better');
});

test('requests of one run only are kept and marked', () => {
  const entries = compareStats(
    table(['GET', '/b', 1, 0, 1, 1, 1, 1], ['GET', '/a', 1, 0, 1, 1, 1, 1]),
    table(['GET', '/b', 1, 0, 1, 1, 1, 1], ['POST', '/b', 1, 0, 1, 1, 1, 1]),
  );
  assert.deepEqual(
    entries.map(({ method, name, side }) => [method, name, side]),
    [
      ['GET', '/a', 'base'],
      ['GET', '/b', 'both'],
      ['POST', '/b', 'run'],
    ],
  );
  assert.equal(entries[0]!.figures.requests.difference, null);
});

test('names that look like one another stay apart', () => {
  const entries = compareStats(
    table(['G', 'ET/', 1, 0, 1, 1, 1, 1]),
    table(['GE', 'T/', 1, 0, 1, 1, 1, 1]),
  );
  assert.equal(entries.length, 2);
});

test('totals are compared like any row', () => {
  assert.equal(compareTotals(table(), table()).figures.rps.percent, 0);
});
