// What failed: by request and reason, how often, first and last.
import { useMemo } from 'preact/hooks';

import { DataTable, type Column } from '../components/data_table';
import { LongText } from '../components/long_text';
import { Text } from '../components/text';
import { count, instant } from '../format/format';
import { cut } from '../format/text';
import { usePart } from '../store/run_feed';
import { rowReader, type Cells, type RowReader } from './table_rows';

export function FailuresPage() {
  const table = usePart('failures');
  const names = table?.columns.join(' ') ?? '';
  const reader = useMemo(() => rowReader({ columns: names.split(' ') }), [names]);
  const columns = useMemo(() => columnsOf(reader), [reader]);
  const words = useMemo(
    () => (row: Cells) =>
      ['method', 'name', 'reason'].map((column) => reader.text(row, column)).join(' '),
    [reader],
  );
  if (!table) return <p class="loading">Loading …</p>;
  return (
    <DataTable
      name="failures"
      caption="Failures by request and reason"
      columns={columns}
      rows={table.rows}
      rowKey={words}
      filterText={words}
      leftOut={table.left_out}
      sorting={{ key: 'count', descending: true }}
      empty="No request has failed."
    />
  );
}

function columnsOf(reader: RowReader): Column<Cells>[] {
  const text = (key: string, title: string, length: number): Column<Cells> => ({
    key,
    title,
    sort: (row) => reader.text(row, key),
    cell: (row) => <Text value={reader.text(row, key)} length={length} />,
  });
  const time = (key: string, title: string): Column<Cells> => ({
    key,
    title,
    sort: (row) => reader.text(row, key),
    cell: (row) => instant(reader.text(row, key)),
    full: (row) => reader.text(row, key),
  });
  return [
    {
      key: 'count',
      title: 'Failures',
      numeric: true,
      sort: (row) => reader.value(row, 'count'),
      cell: (row) => count(reader.value(row, 'count')),
    },
    text('method', 'Method', 20),
    { ...text('name', 'Name', 300), fixed: true },
    {
      key: 'reason',
      title: 'Reason',
      sort: (row) => reader.text(row, 'reason'),
      cell: (row) => (
        <LongText
          value={reader.text(row, 'reason')}
          title={`Reason of failures of ${cut(reader.text(row, 'name'), 80)}`}
        />
      ),
    },
    time('first_at', 'First'),
    time('last_at', 'Last'),
  ];
}
