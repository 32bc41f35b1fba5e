import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Table } from '../src/api';
import { taskTree } from '../src/pages/task_tree';

const SHARES = [
  {
    name: 'Visitor',
    share: 0.75,
    tasks: [
      { name: '/a', share: 0.4, tasks: [] },
      { name: 'rest', share: 0.6, tasks: [] },
    ],
  },
  { name: 'Buyer', share: 0.25, tasks: [] },
];
const STATS: Table = {
  version: 1,
  columns: ['method', 'name', 'requests'],
  rows: [
    ['GET', '/a', 20],
    ['POST', '/a', 10],
    ['GET', '/b', 10],
  ],
  total: ['', 'Aggregated', 40],
  left_out: 0,
};

test('shares multiply down the tree', () => {
  const [visitor] = taskTree(SHARES, {}, null);
  assert.equal(visitor!.ofAll, 0.75);
  assert.ok(Math.abs(visitor!.tasks[0]!.ofAll - 0.3) < 1e-9);
  assert.equal(visitor!.actual, null);
});

test('classes have the share of the running users, tasks that of the requests by their name', () => {
  const [visitor, buyer] = taskTree(SHARES, { Visitor: 30, Buyer: 30 }, STATS);
  assert.deepEqual([visitor!.actual, visitor!.of], [0.5, 'users']);
  assert.deepEqual([visitor!.tasks[0]!.actual, visitor!.tasks[0]!.of], [0.75, 'requests']);
  assert.equal(visitor!.tasks[1]!.actual, null);
  assert.equal(buyer!.actual, 0.5);
});
