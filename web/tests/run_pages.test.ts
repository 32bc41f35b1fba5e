import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RunItem } from '../src/api';
import { joinPages, withMore } from '../src/pages/run_pages';

// A run that started in that minute.
const run = (minute: number) =>
  ({
    id: `r${minute}`,
    started_at: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
  }) as RunItem;
const page = (minutes: number[], next_page: string | null) => ({
  runs: minutes.map(run),
  next_page,
});
const idsOf = ({ runs }: { runs: RunItem[] }) => runs.map(({ id }) => id).join(' ');

test('the first page alone is what the server says', () => {
  assert.deepEqual(joinPages(null, page([3, 2], 'x')), page([3, 2], 'x'));
  assert.deepEqual(joinPages(page([3, 2, 1], null), page([3, 1], null)), page([3, 1], null));
});

test('a new run pushes an old one off the first page but not out of the list', () => {
  const joined = joinPages(page([4, 3, 2, 1], 'z'), page([5, 4], 'x'));
  assert.equal(idsOf(joined), 'r5 r4 r3 r2 r1');
  assert.equal(joined.next_page, 'z');
});

test('a run that was removed from the first page is gone', () => {
  assert.equal(idsOf(joinPages(page([4, 3, 2, 1], 'z'), page([4, 2], 'x'))), 'r4 r2 r1');
});

test('more runs are appended once', () => {
  const joined = withMore(page([4, 3], 'x'), page([3, 2], null));
  assert.equal(idsOf(joined), 'r4 r3 r2');
  assert.equal(joined.next_page, null);
});
