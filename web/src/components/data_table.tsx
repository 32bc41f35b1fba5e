// A table of up to tens of thousands of rows: only those in sight are elements. Sorts, filters and
// hides columns in the browser alone, live and frozen.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { count } from '../format/format';
import { remember, remembered } from '../store/prefs';
import { ColumnChooser } from './column_chooser';
import { filtered, nextSorting, sorted, type Sorting, type SortValue } from './sorting';
import { TableBody, useWindow } from './table_window';

export interface Column<R> {
  key: string;
  title: string; // unique within the table
  short?: string; // what is seen of the title, when `group` says the rest
  group?: string; // a heading over neighbours
  hint?: string;
  numeric?: boolean;
  optional?: boolean; // not shown until somebody asks for it
  fixed?: boolean; // cannot be hidden; names the row
  sort?: (row: R) => SortValue; // left out: cannot be sorted by
  cell: (row: R) => ComponentChildren;
  full?: (row: R) => string | undefined; // title: the value with all its digits
  bad?: (row: R) => boolean; // stands out
}

interface Props<R> {
  name: string; // for what the browser remembers
  caption: string;
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R, index: number) => string | number;
  total?: R | null;
  filterText?: (row: R) => string;
  sorting?: Sorting; // to begin with
  rowHeight?: number; // px
  empty: ComponentChildren;
  leftOut?: number; // rows that the server has kept back
  tools?: ComponentChildren;
}

export function DataTable<R>(props: Props<R>) {
  const { columns, rows, filterText } = props;
  const [sorting, setSorting] = useState<Sorting | null>(props.sorting ?? null);
  const [filter, setFilter] = useState('');
  const [hidden, setHidden] = useHidden(props.name, columns);
  const shown = columns.filter((column) => column.fixed || !hidden.has(column.key));

  const chosen = useMemo(
    () => (filterText ? filtered(rows, filterText, filter) : rows),
    [rows, filter, filterText],
  );
  const order = columns.find((column) => column.key === sorting?.key);
  const ordered = useMemo(
    () => (order?.sort && sorting ? sorted(chosen, order.sort, sorting.descending) : chosen),
    [chosen, order?.key, sorting],
  );
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <div class="data">
      <div class="tools">
        {filterText && (
          <input
            type="search"
            placeholder="Filter"
            aria-label={`Filter: ${props.caption}`}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        )}
        {/* Not a live region: it would speak with every key and every second. */}
        <span class="muted">
          {filter && `${count(ordered.length)} of `}
          {count(rows.length)} {rows.length === 1 ? 'row' : 'rows'}
          {props.leftOut ? `, ${count(props.leftOut)} more are left out` : ''}
        </span>
        <span class="grow" />
        {props.tools}
        <ColumnChooser columns={columns} hidden={hidden} onToggle={toggle} />
      </div>
      <Grid
        {...props}
        columns={shown}
        rows={ordered}
        sorting={sorting}
        filter={filter}
        onSort={(column) => setSorting(nextSorting(sorting, column.key, column.numeric ?? false))}
      />
    </div>
  );
}

interface GridProps<R> extends Omit<Props<R>, 'sorting'> {
  sorting: Sorting | null;
  filter: string;
  onSort: (column: Column<R>) => void;
}

function Grid<R>(props: GridProps<R>) {
  const { columns, rows, total } = props;
  const window = useWindow(rows.length, props.rowHeight ?? 32);
  return (
    <div
      class="grid"
      ref={window.ref}
      onScroll={window.onScroll}
      tabIndex={0}
      role="region"
      aria-label={props.caption}
    >
      <table aria-rowcount={rows.length + 1 + (total ? 1 : 0)}>
        <caption class="unseen">{props.caption}</caption>
        <Head {...props} />
        <TableBody columns={columns} rows={rows} rowKey={props.rowKey} window={window} />
        {total && (
          <tfoot>
            <tr aria-rowindex={rows.length + 2}>
              {columns.map((column) => (
                <td key={column.key} class={classOf(column)} title={column.full?.(total)}>
                  {column.cell(total)}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
      {rows.length === 0 && (
        <p class="empty">{props.filter ? 'No row has all of these words.' : props.empty}</p>
      )}
    </div>
  );
}

export function classOf<R>(column: Column<R>): string | undefined {
  return column.numeric ? 'number' : column.fixed ? 'name' : undefined;
}

function Head<R>({ columns, sorting, onSort }: GridProps<R>) {
  const groups: { title: string; span: number }[] = [];
  for (const { group = '' } of columns) {
    if (groups.at(-1)?.title === group) groups.at(-1)!.span += 1;
    else groups.push({ title: group, span: 1 });
  }
  return (
    <thead>
      {groups.some((group) => group.title) && (
        <tr class="groups">
          {groups.map((group, index) =>
            group.title ? (
              <th key={index} colSpan={group.span} scope="colgroup">
                {group.title}
              </th>
            ) : (
              <td key={index} colSpan={group.span} />
            ),
          )}
        </tr>
      )}
      <tr aria-rowindex={1}>
        {columns.map((column) => (
          <Heading key={column.key} column={column} sorting={sorting} onSort={onSort} />
        ))}
      </tr>
    </thead>
  );
}

interface HeadingProps<R> {
  column: Column<R>;
  sorting: Sorting | null;
  onSort: (column: Column<R>) => void;
}

function Heading<R>({ column, sorting, onSort }: HeadingProps<R>) {
  const sortedBy =
    sorting?.key === column.key ? (sorting.descending ? 'descending' : 'ascending') : undefined;
  // Two columns may be seen under the same word in two groups: for everybody else it is whole.
  const title = column.short ? (
    <>
      <span class="unseen">{column.title.slice(0, column.title.length - column.short.length)}</span>
      {column.short}
    </>
  ) : (
    column.title
  );
  return (
    <th
      scope="col"
      class={classOf(column)}
      aria-sort={column.sort ? (sortedBy ?? 'none') : undefined}
      title={column.hint}
    >
      {column.sort ? (
        <button type="button" onClick={() => onSort(column)}>
          {title}
          <span class="arrow" aria-hidden="true">
            {sortedBy === 'descending' ? '▼' : sortedBy === 'ascending' ? '▲' : ''}
          </span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

// What is hidden: the reader's choice when there was one.
function useHidden<R>(
  name: string,
  columns: Column<R>[],
): [Set<string>, (next: Set<string>) => void] {
  const [hidden, setHidden] = useState(() => {
    const kept = remembered(`columns.${name}`);
    if (kept !== null) return new Set(kept.split(' '));
    return new Set(columns.filter((column) => column.optional).map((column) => column.key));
  });
  return [
    hidden,
    (next) => {
      remember(`columns.${name}`, [...next].join(' '));
      setHidden(next);
    },
  ];
}
