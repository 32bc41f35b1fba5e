// Cells of a heat map by time and latency. Pure.
import type { Heat } from '../api';

export interface HeatRow {
  row: number;
  from: number; // ms
  to: number | null; // null: without an end
  count: number; // over the run
}

// Rows from the lowest to the highest that hold anything; those between are there, empty or not.
export function heatRows(heat: Heat): HeatRow[] {
  const counts = new Map<number, number>();
  for (const [, row, number] of heat.cells) counts.set(row, (counts.get(row) ?? 0) + number);
  if (counts.size === 0) return [];
  const low = Math.min(...counts.keys());
  const high = Math.max(...counts.keys());
  return Array.from({ length: high - low + 1 }, (_, offset) => {
    const row = low + offset;
    return {
      row,
      from: row > 0 ? (heat.bounds[row - 1] ?? 0) : 0,
      to: heat.bounds[row] ?? null,
      count: counts.get(row) ?? 0,
    };
  });
}

// Columns that reach into the time, as [first, last).
export function columnsIn(heat: Heat, from: number, to: number): [number, number] {
  let first = 0;
  while (first < heat.start.length && heat.start[first]! + heat.length[first]! <= from) first += 1;
  let last = first;
  while (last < heat.start.length && heat.start[last]! < to) last += 1;
  return [first, last];
}

export function cellAt(heat: Heat, second: number, row: number): number {
  const [first, last] = columnsIn(heat, second, second + 1e-9);
  if (first >= last) return 0;
  return heat.cells.find((cell) => cell[0] === first && cell[1] === row)?.[2] ?? 0;
}
