// Two runs side by side, by the rules of `squall compare` (daemon/report/compare.h). Pure.
import type { Table } from '../api';
import { rowReader, type Cells, type RowReader } from './table_rows';

export type Side = 'both' | 'base' | 'run';
export type Judgement = 'better' | 'worse' | 'same';

export interface Change {
  base: number | null;
  run: number | null;
  difference: number | null; // run - base
  percent: number | null; // of base; null when that is 0
  judgement: Judgement;
}

export const FIGURES = [
  'requests',
  'failures',
  'rps',
  'response_p50',
  'response_p95',
  'response_p99',
] as const;
export type Figure = (typeof FIGURES)[number];

export interface EntryChange {
  method: string;
  name: string;
  side: Side;
  figures: Record<Figure, Change>;
  failurePoints: number | null; // percent of the requests that failed, run - base
}

// Less than this is noise: percents of a time or a rate, and of the requests that may fail.
const NOTICEABLE_PERCENT = 5;
const NOTICEABLE_FAILURE_RATIO = 0.001;

export function changeOf(base: number | null, run: number | null): Omit<Change, 'judgement'> {
  const difference = base === null || run === null ? null : run - base;
  const percent = difference === null || base === 0 ? null : (difference / base!) * 100;
  return { base, run, difference, percent };
}

// `worse` is how far a figure moved to the worse, in units of what can be noticed.
function judge(worse: number | null): Judgement {
  if (worse === null || Math.abs(worse) <= 1) return 'same';
  return worse > 0 ? 'worse' : 'better';
}

function judgementOf(
  figure: Figure,
  change: Omit<Change, 'judgement'>,
  failureRatios: [number | null, number | null],
): Judgement {
  const [before, after] = failureRatios;
  switch (figure) {
    case 'requests':
      return 'same'; // a longer run is no better run
    case 'failures':
      return judge(
        before === null || after === null ? null : (after - before) / NOTICEABLE_FAILURE_RATIO,
      );
    case 'rps':
      return judge(change.percent === null ? null : -change.percent / NOTICEABLE_PERCENT);
    default:
      return judge(change.percent === null ? null : change.percent / NOTICEABLE_PERCENT);
  }
}

type Values = Record<Figure, number | null>;

function valuesOf({ value }: RowReader, cells: Cells): Values {
  return Object.fromEntries(FIGURES.map((figure) => [figure, value(cells, figure)])) as Values;
}

function ratioOf(values: Values | undefined): number | null {
  if (values === undefined || !values.requests) return null;
  return (values.failures ?? 0) / values.requests;
}

function compared(
  method: string,
  name: string,
  base: Values | undefined,
  run: Values | undefined,
): EntryChange {
  const ratios: [before: number | null, after: number | null] = [ratioOf(base), ratioOf(run)];
  const figures = Object.fromEntries(
    FIGURES.map((figure) => {
      const change = changeOf(base?.[figure] ?? null, run?.[figure] ?? null);
      return [figure, { ...change, judgement: judgementOf(figure, change, ratios) }];
    }),
  ) as Record<Figure, Change>;
  const [before, after] = ratios;
  const failurePoints = before === null || after === null ? null : (after - before) * 100;
  return {
    method,
    name,
    failurePoints,
    side: base === undefined ? 'run' : run === undefined ? 'base' : 'both',
    figures,
  };
}

// All requests of both, by name and method; those of only one of them are marked.
export function compareStats(base: Table, run: Table): EntryChange[] {
  const found = new Map<string, { method: string; name: string; base?: Values; run?: Values }>();
  for (const [side, table] of [
    ['base', base],
    ['run', run],
  ] as const) {
    const reader = rowReader(table);
    for (const cells of table.rows) {
      const [method, name] = [reader.text(cells, 'method'), reader.text(cells, 'name')];
      const key = JSON.stringify([name, method]);
      const entry = found.get(key) ?? { method, name };
      entry[side] = valuesOf(reader, cells);
      found.set(key, entry);
    }
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...found.values()]
    .sort((a, b) => order(a.name, b.name) || order(a.method, b.method))
    .map((entry) => compared(entry.method, entry.name, entry.base, entry.run));
}

export function compareTotals(base: Table, run: Table): EntryChange {
  return compared(
    '',
    'Aggregated',
    valuesOf(rowReader(base), base.total),
    valuesOf(rowReader(run), run.total),
  );
}
