// The tree of tasks with what each is of all, planned and, where the run tells it, actual. Pure.
import type { Table, TaskShare } from '../api';
import { rowReader } from './table_rows';

export interface TaskNode {
  name: string;
  ofParent: number; // 0..1, planned
  ofAll: number; // 0..1, planned: the product down the tree
  actual: number | null; // 0..1; null: nothing tells it
  of: 'users' | 'requests'; // what `actual` is a share of
  tasks: TaskNode[];
}

// User classes have running users; a task without tasks inside may be the name of requests.
export function taskTree(
  shares: TaskShare[],
  classes: Record<string, number>,
  stats: Table | null,
): TaskNode[] {
  const users = Object.values(classes).reduce((sum, number) => sum + number, 0);
  const requests = requestsByName(stats);
  const nodeOf = (share: TaskShare, above: number, top: boolean): TaskNode => {
    const ofAll = above * share.share;
    const running = top && users > 0 ? (classes[share.name] ?? 0) / users : null;
    const sent = share.tasks.length === 0 ? (requests.get(share.name) ?? null) : null;
    return {
      name: share.name,
      ofParent: share.share,
      ofAll,
      actual: running ?? sent,
      of: running === null ? 'requests' : 'users',
      tasks: share.tasks.map((task) => nodeOf(task, ofAll, false)),
    };
  };
  return shares.map((share) => nodeOf(share, 1, true));
}

function requestsByName(stats: Table | null): Map<string, number> {
  const found = new Map<string, number>();
  if (stats === null) return found;
  const { text, value } = rowReader(stats);
  const all = value(stats.total, 'requests') ?? 0;
  if (all === 0) return found;
  for (const row of stats.rows) {
    const name = text(row, 'name');
    found.set(name, (found.get(name) ?? 0) + (value(row, 'requests') ?? 0) / all);
  }
  return found;
}
