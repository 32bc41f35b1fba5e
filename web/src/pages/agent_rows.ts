// The agents of a run as the page shows them, the one in the worst state first. Pure.
import type { Table } from '../api';
import { rowReader } from './table_rows';

export interface AgentRow {
  id: string;
  name: string;
  version: string;
  state: string;
  lost: boolean;
  users: number;
  targetUsers: number;
  requests: number;
  failures: number;
  rps: number | null;
  share: number; // of all requests, 0..1
  cores: number | null;
  load: number | null; // of a core for each shard, 0..1
  loopLag: number | null; // ms
  startSkew: number | null; // ms
  memory: number | null;
  files: number | null;
  filesMax: number | null;
  lastSeen: string;
  trouble: string; // in words; '': none
  badness: number;
}

// The limits of daemon/stats/verdict.h: beyond the lag a run is INVALID, beyond the other it warns.
export const LOOP_LAG_MS_MAX = 100;
export const BUSY_RATIO = 0.9;
// Agents start within this of one another when clocks and network are well.
export const START_SKEW_MS_MAX = 50;

const ratio = (part: number | null, whole: number | null) =>
  part === null || !whole ? null : part / whole;

export function agentRows(table: Table): AgentRow[] {
  const { text, value } = rowReader(table);
  const all = table.rows.reduce((sum, row) => sum + (value(row, 'requests') ?? 0), 0);
  const rows = table.rows.map((row) => {
    const requests = value(row, 'requests') ?? 0;
    const agent = {
      id: text(row, 'id'),
      name: text(row, 'name'),
      version: text(row, 'version'),
      state: text(row, 'state'),
      lost: value(row, 'lost') === 1,
      users: value(row, 'users') ?? 0,
      targetUsers: value(row, 'target_users') ?? 0,
      requests,
      failures: value(row, 'failures') ?? 0,
      rps: value(row, 'rps'),
      share: all > 0 ? requests / all : 0,
      cores: value(row, 'cpu_cores'),
      load: ratio(value(row, 'cpu_cores'), value(row, 'shards')),
      loopLag: value(row, 'loop_lag_p99'),
      startSkew: value(row, 'start_skew'),
      memory: value(row, 'rss_bytes'),
      files: value(row, 'open_fds'),
      filesMax: value(row, 'fd_limit'),
      lastSeen: text(row, 'last_seen'),
    };
    return { ...agent, ...judged(agent) };
  });
  return rows.sort(
    (a, b) => b.badness - a.badness || b.requests - a.requests || (a.id < b.id ? -1 : 1),
  );
}

type Measured = Omit<AgentRow, 'trouble' | 'badness'>;

// How near its limits an agent is: 1 is at one of them.
function judged(agent: Measured): Pick<AgentRow, 'trouble' | 'badness'> {
  if (agent.lost) return { trouble: 'lost', badness: 1000 };
  const all: [number, string][] = [
    [(agent.load ?? 0) / BUSY_RATIO, 'short of CPU'],
    [(agent.loopLag ?? 0) / LOOP_LAG_MS_MAX, 'late: event loop lag'],
    [(ratio(agent.files, agent.filesMax) ?? 0) / BUSY_RATIO, 'short of file descriptors'],
    [(Math.abs(agent.startSkew ?? 0) / START_SKEW_MS_MAX) * 0.99, ''],
  ];
  const [badness, words] = all.reduce((worst, one) => (one[0] > worst[0] ? one : worst));
  return { trouble: badness >= 1 ? words : '', badness };
}
