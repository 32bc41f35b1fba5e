// Every request name with its counts and times; response time (with the wait for a late start)
// beside service time (from the first byte sent).
import { useMemo } from 'preact/hooks';

import { DataTable, type Column } from '../components/data_table';
import { Text } from '../components/text';
import { bytes, count, ms, NOTHING, percent, rate } from '../format/format';
import { isOver } from '../source/source';
import { usePart, useRun } from '../store/run_feed';
import { rowReader, type Cells, type RowReader } from './table_rows';

type Format = (value: number | null) => string;

const RESPONSE = 'Response time, ms';
const SERVICE = 'Service time, ms';
const NOW = 'Last 10 s';

// Column of the table, what is seen, and whether it is seen from the beginning.
const RESPONSE_COLUMNS: [string, string, boolean][] = [
  ['response_mean', 'Mean', true],
  ['response_min', 'Min', false],
  ['response_p50', 'p50', true],
  ['response_p66', 'p66', false],
  ['response_p75', 'p75', false],
  ['response_p80', 'p80', false],
  ['response_p90', 'p90', false],
  ['response_p95', 'p95', true],
  ['response_p98', 'p98', false],
  ['response_p99', 'p99', true],
  ['response_p99_9', 'p99.9', false],
  ['response_p99_99', 'p99.99', false],
  ['response_max', 'Max', true],
];
const SERVICE_COLUMNS: [string, string, boolean][] = [
  ['service_mean', 'mean', false],
  ['service_min', 'min', false],
  ['service_p50', 'p50', true],
  ['service_p90', 'p90', false],
  ['service_p95', 'p95', true],
  ['service_p99', 'p99', true],
  ['service_p99_9', 'p99.9', false],
  ['service_max', 'max', false],
];

export function StatisticsPage() {
  const table = usePart('stats');
  const names = table?.columns.join(' ') ?? '';
  const reader = useMemo(() => rowReader({ columns: names.split(' ') }), [names]);
  const over = useRun((data) => isOver(data.run!.state));
  const columns = useMemo(() => columnsOf(reader, over), [reader, over]);
  const filterText = useMemo(
    () => (row: Cells) => `${reader.text(row, 'method')} ${reader.text(row, 'name')}`,
    [reader],
  );
  if (!table) return <p class="loading">Loading …</p>;
  return (
    <DataTable
      key={String(over)}
      name={over ? 'statistics-over' : 'statistics'}
      caption="Statistics by request"
      columns={columns}
      rows={table.rows}
      rowKey={(row) => `${reader.text(row, 'method')} ${reader.text(row, 'name')}`}
      total={table.total.length ? table.total : null}
      filterText={filterText}
      leftOut={table.left_out}
      empty="No request has been answered yet."
    />
  );
}

function columnsOf(reader: RowReader, over: boolean): Column<Cells>[] {
  const figure = (
    key: string,
    title: string,
    format: Format,
    rest: Partial<Column<Cells>> = {},
  ): Column<Cells> => ({
    key,
    title,
    numeric: true,
    sort: (row) => reader.value(row, key),
    cell: (row) => format(reader.value(row, key)),
    full: (row) => reader.value(row, key)?.toString(),
    ...rest,
  });
  const failures = (row: Cells) => reader.value(row, 'failures') ?? 0;
  const share = (row: Cells) => {
    const requests = reader.value(row, 'requests') ?? 0;
    return requests ? failures(row) / requests : null;
  };
  const bad = (row: Cells) => failures(row) > 0;
  return [
    {
      key: 'method',
      title: 'Method',
      sort: (row) => reader.text(row, 'method'),
      cell: (row) => <Text value={reader.text(row, 'method')} length={20} />,
    },
    {
      key: 'name',
      title: 'Name',
      fixed: true,
      sort: (row) => reader.text(row, 'name'),
      cell: (row) => <Text value={reader.text(row, 'name') || '(no name)'} />,
    },
    figure('requests', 'Requests', count),
    figure('failures', 'Failures', count, { bad }),
    figure('fail_share', 'Failed', percent, {
      sort: share,
      cell: (row) => percent(share(row)),
      full: (row) => share(row)?.toString(),
    }),
    figure('timeouts', 'Timeouts', count, { optional: true }),
    ...RESPONSE_COLUMNS.map(([key, title, shown]) =>
      figure(key, title, ms, { group: RESPONSE, optional: !shown }),
    ),
    ...SERVICE_COLUMNS.map(([key, title, shown]) =>
      figure(key, `Service ${title}`, ms, { short: title, group: SERVICE, optional: !shown }),
    ),
    figure('start_delay_p99', 'Late start p99', ms, {
      optional: true,
      hint: 'How late requests began, in ms (99 of 100)',
    }),
    figure('bytes_mean', 'Mean size', (value) => (value === null ? NOTHING : bytes(value)), {
      optional: true,
    }),
    ...rates(figure, reader, over),
  ];
}

type Figure = (
  key: string,
  title: string,
  format: Format,
  rest?: Partial<Column<Cells>>,
) => Column<Cells>;

// Of a run that goes on, what happens now counts; of one that is over, all of it.
function rates(figure: Figure, reader: RowReader, over: boolean): Column<Cells>[] {
  const whole = [
    figure('rps', 'Requests/s', rate, { optional: !over, hint: 'Over the whole run' }),
    figure('failures_ps', 'Failures/s', rate, { optional: !over, hint: 'Over the whole run' }),
  ];
  if (over) return whole;
  const bad = (row: Cells) => (reader.value(row, 'current_failures_ps') ?? 0) > 0;
  return [
    figure('current_rps', 'Current requests/s', rate, { short: 'requests/s', group: NOW }),
    figure('current_failures_ps', 'Current failures/s', rate, {
      short: 'failures/s',
      group: NOW,
      bad,
    }),
    ...whole,
  ];
}
