import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filtered, nextSorting, sorted } from '../src/components/sorting';

test('what has no value comes last, whichever way', () => {
  const rows = [3, null, 1, 2];
  const value = (row: number | null) => row;
  assert.deepEqual(sorted(rows, value, false), [1, 2, 3, null]);
  assert.deepEqual(sorted(rows, value, true), [3, 2, 1, null]);
  assert.deepEqual(rows, [3, null, 1, 2], 'the given rows stay as they are');
});

test('equals keep their order in both directions', () => {
  const rows = ['b1', 'a1', 'b2', 'a2'];
  assert.deepEqual(
    sorted(rows, (row) => row[0]!, false),
    ['a1', 'a2', 'b1', 'b2'],
  );
  assert.deepEqual(
    sorted(rows, (row) => row[0]!, true),
    ['b1', 'b2', 'a1', 'a2'],
  );
});

test('a filter wants every word, in any case', () => {
  const rows = ['GET /Orders/1', 'POST /orders', 'GET /users'];
  assert.deepEqual(
    filtered(rows, (row) => row, ' get ORD '),
    ['GET /Orders/1'],
  );
  assert.equal(
    filtered(rows, (row) => row, '  '),
    rows,
  );
});

test('figures are sorted from the largest, words from A, and the other way at the second press', () => {
  const first = nextSorting(null, 'requests', true);
  assert.deepEqual(first, { key: 'requests', descending: true });
  assert.deepEqual(nextSorting(first, 'requests', true), { key: 'requests', descending: false });
  assert.deepEqual(nextSorting(first, 'name', false), { key: 'name', descending: false });
});
