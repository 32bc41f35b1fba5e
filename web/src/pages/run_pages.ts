// Pages of a list that changes while somebody reads it. Pure.
import type { RunItem } from '../api';
import type { RunPage } from '../source/source';

// The first page anew, and of what was loaded behind it all that is older: whether that is still there
// nobody has said. Gaps cannot appear: whoever fell off the first page is the oldest of it.
export function joinPages(known: RunPage | null, fresh: RunPage): RunPage {
  const oldest = fresh.runs.at(-1);
  if (known === null || fresh.next_page === null || oldest === undefined) return fresh;
  const ids = new Set(fresh.runs.map(({ id }) => id));
  const older = known.runs.filter((run) => !ids.has(run.id) && isOlder(run, oldest));
  if (older.length === 0) return fresh;
  return { runs: [...fresh.runs, ...older], next_page: known.next_page };
}

// Runs that have not started have no instant; the server has them first.
function isOlder(run: RunItem, than: RunItem): boolean {
  return run.started_at !== null && (than.started_at === null || run.started_at <= than.started_at);
}

export function withMore(known: RunPage, more: RunPage): RunPage {
  const ids = new Set(known.runs.map(({ id }) => id));
  return {
    runs: [...known.runs, ...more.runs.filter(({ id }) => !ids.has(id))],
    next_page: more.next_page,
  };
}
