// Every figure of every request in both runs, with what has changed and whether for the better.
import { useMemo } from 'preact/hooks';

import type { Table } from '../api';
import { DataTable, type Column } from '../components/data_table';
import { Text } from '../components/text';
import { count, ms, NOTHING, rate } from '../format/format';
import { compareStats, compareTotals, type EntryChange, type Figure } from './compare_math';

type Format = (value: number | null) => string;

const FIGURES: [Figure, string, Format][] = [
  ['requests', 'Requests', count],
  ['failures', 'Failures', count],
  ['rps', 'Requests/s', rate],
  ['response_p50', 'p50, ms', ms],
  ['response_p95', 'p95, ms', ms],
  ['response_p99', 'p99, ms', ms],
];

export function CompareTable({ base, run }: { base: Table; run: Table }) {
  const rows = useMemo(() => compareStats(base, run), [base, run]);
  const total = useMemo(() => compareTotals(base, run), [base, run]);
  return (
    <>
      <p class="muted">
        <span class="judgement better">✔ better</span> and{' '}
        <span class="judgement worse">✖ worse</span> mark times and rates that moved by more than 5
        %, and failures by more than 0.1 percentage points (pp) of the requests.
      </p>
      <DataTable
        name="compare"
        caption="Requests of both runs"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => `${row.method} ${row.name}`}
        total={total}
        filterText={textOf}
        empty="Neither run has sent a request."
      />
    </>
  );
}

const textOf = (row: EntryChange) => `${row.method} ${row.name} ${SIDES[row.side]}`;

const SIDES = { both: '', base: 'only in base', run: 'only in run' };
const SIGNS = { better: '✔', worse: '✖', same: '' };

function signed(value: number, format: Format): string {
  if (value === 0) return '±0';
  return `${value > 0 ? '+' : '−'}${format(Math.abs(value))}`;
}

function percentOf(percent: number): string {
  const size = Math.abs(percent);
  return `${percent > 0 ? '+' : '−'}${size.toFixed(size < 1000 ? 1 : 0)} %`;
}

// Failures move with the requests, so their share says more than their number.
function relativeOf(row: EntryChange, figure: Figure): string {
  const { difference, percent } = row.figures[figure];
  if (figure !== 'failures') return percent === null || difference === 0 ? '' : percentOf(percent);
  const points = row.failurePoints;
  if (points === null || Math.abs(points) < 0.005) return '';
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(2)} pp`;
}

function ChangeCell({ row, figure, format }: { row: EntryChange; figure: Figure; format: Format }) {
  const { difference, judgement } = row.figures[figure];
  if (difference === null) return <>{NOTHING}</>;
  const relative = relativeOf(row, figure);
  return (
    <span class={`judgement ${judgement}`}>
      {signed(difference, format)}
      {relative && <small> {relative}</small>}
      {judgement !== 'same' && (
        <>
          {' '}
          <span aria-hidden="true">{SIGNS[judgement]}</span>
          <span class="unseen">{judgement}</span>
        </>
      )}
    </span>
  );
}

function columnsOf([figure, title, format]: (typeof FIGURES)[number]): Column<EntryChange>[] {
  const side = (key: 'base' | 'run'): Column<EntryChange> => ({
    key: `${figure}_${key}`,
    title: `${title} ${key}`,
    short: key,
    group: title,
    numeric: true,
    sort: (row) => row.figures[figure][key],
    cell: (row) => format(row.figures[figure][key]),
    full: (row) => row.figures[figure][key]?.toString(),
  });
  return [
    side('base'),
    side('run'),
    {
      key: `${figure}_change`,
      title: `${title} change`,
      short: 'change',
      group: title,
      numeric: true,
      // Requests and failures by number, the others by how much of themselves.
      sort: (row) => row.figures[figure].percent ?? row.figures[figure].difference,
      cell: (row) => <ChangeCell row={row} figure={figure} format={format} />,
      full: (row) => row.figures[figure].difference?.toString(),
    },
  ];
}

const COLUMNS: Column<EntryChange>[] = [
  {
    key: 'method',
    title: 'Method',
    sort: (row) => row.method,
    cell: (row) => <Text value={row.method} length={20} />,
  },
  {
    key: 'name',
    title: 'Name',
    fixed: true,
    sort: (row) => row.name,
    cell: (row) => (
      <>
        <Text value={row.name} />
        {row.side !== 'both' && <span class="muted"> ({SIDES[row.side]})</span>}
      </>
    ),
  },
  ...FIGURES.flatMap(columnsOf),
];
