// The agents of a run: how near their limits they are, and what each does of the load.
import { useMemo } from 'preact/hooks';

import { Badge } from '../components/badge';
import { DataTable, type Column } from '../components/data_table';
import { Text } from '../components/text';
import { bytes, count, instant, ms, percent, rate } from '../format/format';
import { usePart } from '../store/run_feed';
import { agentRows, BUSY_RATIO, LOOP_LAG_MS_MAX, type AgentRow } from './agent_rows';

export function AgentsPage() {
  const table = usePart('agents');
  const rows = useMemo(() => (table ? agentRows(table) : []), [table]);
  if (!table) return <p class="loading">Loading …</p>;
  const lost = rows.filter((row) => row.lost).length;
  return (
    <>
      {lost > 0 && (
        <p role="status">
          <Badge sign="✖" kind="bad" word={`${lost} of ${rows.length} lost`} /> Their users were
          given to the others.
        </p>
      )}
      <DataTable
        name="agents"
        caption="Agents of the run, the worst first"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        filterText={textOf}
        leftOut={table.left_out}
        empty="No agent has reported yet."
      />
    </>
  );
}

const textOf = (row: AgentRow) => `${row.id} ${row.name} ${row.state} ${row.trouble}`;

function Share({ row }: { row: AgentRow }) {
  return (
    <span class="share">
      <span class="bar" aria-hidden="true" style={{ width: `${row.share * 100}%` }} />
      <span>{percent(row.share)}</span>
    </span>
  );
}

function State({ row }: { row: AgentRow }) {
  if (row.lost) return <Badge sign="✖" kind="bad" word="lost" />;
  if (row.trouble) return <Badge sign="⚠" kind="warning" word={row.trouble} />;
  return <Badge sign="✔" kind="good" word={row.state} />;
}

function figure(
  key: string,
  title: string,
  value: (row: AgentRow) => number | null,
  format: (value: number | null) => string,
  rest: Partial<Column<AgentRow>> = {},
): Column<AgentRow> {
  return {
    key,
    title,
    numeric: true,
    sort: value,
    cell: (row) => format(value(row)),
    full: (row) => value(row)?.toString(),
    ...rest,
  };
}

const COLUMNS: Column<AgentRow>[] = [
  {
    key: 'agent',
    title: 'Agent',
    fixed: true,
    sort: (row) => row.name || row.id,
    cell: (row) => <Text value={row.name || row.id} length={60} />,
    full: (row) => row.id,
  },
  { key: 'state', title: 'State', sort: (row) => -row.badness, cell: (row) => <State row={row} /> },
  {
    key: 'share',
    title: 'Share of requests',
    sort: (row) => row.share,
    cell: (row) => <Share row={row} />,
  },
  figure('users', 'Users', (row) => row.users, count),
  figure('target_users', 'Target users', (row) => row.targetUsers, count, { optional: true }),
  figure('rps', 'Requests/s', (row) => row.rps, rate),
  figure('requests', 'Requests', (row) => row.requests, count, { optional: true }),
  figure('failures', 'Failures', (row) => row.failures, count, { bad: (row) => row.failures > 0 }),
  figure('load', 'Load', (row) => row.load, percent, {
    hint: 'CPU of its event loops, of a core for each',
    bad: (row) => (row.load ?? 0) > BUSY_RATIO,
  }),
  figure('cores', 'CPU cores', (row) => row.cores, rate, { optional: true }),
  figure('lag', 'Loop lag p99, ms', (row) => row.loopLag, ms, {
    hint: 'How late its event loops are: beyond the limit the run is INVALID',
    bad: (row) => (row.loopLag ?? 0) > LOOP_LAG_MS_MAX,
  }),
  figure('skew', 'Start skew, ms', (row) => row.startSkew, ms, {
    hint: 'How far from the common start it began',
  }),
  figure('memory', 'Memory', (row) => row.memory, bytes),
  figure('files', 'Files', (row) => row.files, count, {
    hint: 'Open file descriptors',
    cell: (row) =>
      row.filesMax ? `${count(row.files)} of ${count(row.filesMax)}` : count(row.files),
  }),
  {
    key: 'seen',
    title: 'Last seen',
    sort: (row) => row.lastSeen,
    cell: (row) => instant(row.lastSeen),
    full: (row) => row.lastSeen,
    optional: true,
  },
  {
    key: 'version',
    title: 'Version',
    sort: (row) => row.version,
    cell: (row) => <Text value={row.version} length={30} />,
    optional: true,
  },
];
