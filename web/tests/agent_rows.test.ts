import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Table } from '../src/api';
import { agentRows } from '../src/pages/agent_rows';

const COLUMNS = [
  'id',
  'state',
  'lost',
  'requests',
  'cpu_cores',
  'shards',
  'loop_lag_p99',
  'start_skew',
  'open_fds',
  'fd_limit',
];
type Row = [string, string, number, number, number, number, number, number, number, number];
const table = (...rows: Row[]): Table => ({
  version: 1,
  columns: COLUMNS,
  rows,
  total: [],
  left_out: 0,
});

test('the agent nearest to its limits comes first, a lost one before all', () => {
  const rows = agentRows(
    table(
      ['calm', 'running', 0, 10, 0.2, 2, 1, 0, 10, 1000],
      ['late', 'running', 0, 10, 0.2, 2, 130, 0, 10, 1000],
      ['lost', 'running', 1, 10, 0, 2, 0, 0, 0, 1000],
      ['busy', 'running', 0, 10, 1.9, 2, 1, 0, 10, 1000],
    ),
  );
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['lost', 'late', 'busy', 'calm'],
  );
  assert.deepEqual(
    rows.map(({ trouble }) => trouble),
    ['lost', 'late: event loop lag', 'short of CPU', ''],
  );
});

test('shares are of all requests, and nothing is divided by zero', () => {
  const rows = agentRows(
    table(['a', 'running', 0, 30, 1, 0, 0, 0, 0, 0], ['b', 'running', 0, 10, 1, 2, 0, 0, 0, 0]),
  );
  assert.deepEqual(
    rows.map(({ id, share, load }) => [id, share, load]),
    [
      ['b', 0.25, 0.5],
      ['a', 0.75, null],
    ],
  );
  assert.equal(agentRows(table(['a', 'idle', 0, 0, 0, 1, 0, 0, 0, 0]))[0]!.share, 0);
});
