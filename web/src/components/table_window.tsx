// The rows of a table that are in sight. All rows have the same height, so where one is needs no
// measuring.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { printing } from '../store/printing';
import { useStore } from '../store/store';
import { classOf, type Column } from './data_table';

// Rows beyond the edge that are there already when somebody scrolls.
const SPARE = 8;
const FIRST_HEIGHT = 800;
// On paper all rows are in sight, but nobody prints ten thousand.
const PRINTED_ROWS_MAX = 1000;

export interface Window {
  ref: { current: HTMLDivElement | null };
  onScroll: () => void;
  first: number;
  last: number; // not included
  count: number;
  rowHeight: number;
}

export function useWindow(count: number, rowHeight: number): Window {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ first: 0, seen: Math.ceil(FIRST_HEIGHT / rowHeight) });
  const look = useCallback(() => {
    const box = ref.current;
    if (!box) return;
    const first = Math.floor(box.scrollTop / rowHeight / SPARE) * SPARE; // not with every pixel
    const seen = Math.ceil((box.clientHeight || FIRST_HEIGHT) / rowHeight);
    setPlace((now) => (now.first === first && now.seen === seen ? now : { first, seen }));
  }, [rowHeight]);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, [look]);
  const onPaper = useStore(printing, (value) => value);
  // A filter may have left fewer rows than the reader had scrolled over.
  const start = Math.min(place.first, Math.max(0, count - place.seen));
  const first = Math.max(0, start - SPARE);
  if (onPaper)
    return {
      ref,
      onScroll: look,
      first: 0,
      last: Math.min(count, PRINTED_ROWS_MAX),
      count: Math.min(count, PRINTED_ROWS_MAX),
      rowHeight,
    };
  return {
    ref,
    onScroll: look,
    first,
    last: Math.min(count, start + place.seen + 2 * SPARE),
    count,
    rowHeight,
  };
}

interface BodyProps<R> {
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R, index: number) => string | number;
  window: Window;
}

export function TableBody<R>({ columns, rows, rowKey, window }: BodyProps<R>) {
  const { first, last, count, rowHeight } = window;
  return (
    <tbody>
      <Space height={first * rowHeight} />
      {rows.slice(first, last).map((row, offset) => (
        <tr
          key={rowKey(row, first + offset)}
          aria-rowindex={first + offset + 2}
          style={{ height: rowHeight }}
        >
          {columns.map((column) => (
            <Cell key={column.key} column={column} row={row} />
          ))}
        </tr>
      ))}
      <Space height={(count - last) * rowHeight} />
    </tbody>
  );
}

function Cell<R>({ column, row }: { column: Column<R>; row: R }) {
  const bad = column.bad?.(row);
  const classes = [classOf(column), bad && 'bad'].filter(Boolean).join(' ') || undefined;
  if (column.fixed) {
    return (
      <th scope="row" class={classes} title={column.full?.(row)}>
        {column.cell(row)}
      </th>
    );
  }
  return (
    <td class={classes} title={column.full?.(row)}>
      {bad && (
        <span class="mark" aria-hidden="true">
          ▲
        </span>
      )}
      {column.cell(row)}
    </td>
  );
}

function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true" class="space">
      <td style={{ height }} />
    </tr>
  );
}
