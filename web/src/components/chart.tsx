// Curves over the time of a run (uPlot), with a legend that keys can reach, the same in a sentence
// for those who do not see it, and as a table. Lines differ by dash and by colour.
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { clock, NOTHING, rate } from '../format/format';
import { useStore } from '../store/store';
import { dark } from '../theme/theme';
import { ChartTable } from './chart_table';
import { Plot, type PlotInput } from './plot';
import { lastAndHighest } from './thin';

export interface ChartLine {
  label: string;
  values: (number | null)[]; // as long as `at`
  colour: number; // --curve-1 … --curve-6
  dash?: number[];
  step?: boolean; // holds its value until the next point
  fill?: boolean;
}

// The part of the time that is shown, in seconds; null: all of it.
export type Range = [number, number] | null;

export interface ChartProps {
  title: string;
  unit: string; // "ms", "/s", "" when format says it
  at: number[]; // seconds
  lines: ChartLine[];
  height?: number;
  sync?: string; // charts with the same key share the cursor
  range?: Range; // where charts share one; else each has its own
  onRange?: (range: Range) => void; // somebody has dragged over the chart
  format?: (value: number | null | undefined) => string;
  whole?: boolean; // there are no halves of it
  note?: ComponentChildren;
}

const HEIGHT = 230;

export function Chart(props: ChartProps) {
  const { at, lines, unit, title, format = rate } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const values = useRef(new Map<string, HTMLElement>());
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const [own, setOwn] = useState<Range>(null);
  const range = props.onRange ? (props.range ?? null) : own;
  const setRange = props.onRange ?? setOwn;
  const isDark = useStore(dark, (now) => now);
  const curves = lines.map(({ label }) => `${label} ${off.has(label)}`);
  const shape = [isDark, unit, ...curves].join('|');
  const said = (value: number | null | undefined) =>
    value === null || value === undefined ? NOTHING : `${format(value)}${unit && ` ${unit}`}`;
  const input: PlotInput = {
    at,
    lines: lines.filter((line) => !off.has(line.label)),
    range,
    height: props.height ?? HEIGHT,
    format,
    whole: props.whole ?? false,
    sync: props.sync,
    onRange: setRange,
    onCursor: (second, shown) => {
      for (const [label, element] of values.current) {
        element.textContent = second === null ? '' : said(shown.get(label));
      }
    },
  };
  useEffect(() => {
    const made = new Plot(box.current!, input);
    plot.current = made;
    return () => made.close();
  }, [shape]);
  useEffect(() => plot.current?.draw(input));

  const summary = useMemo(() => summaryOf(title, at, lines, said), [title, at, lines]);
  const toggle = (label: string) => {
    const next = new Set(off);
    if (!next.delete(label) && next.size < lines.length - 1) next.add(label);
    setOff(next);
  };
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        {props.note && <span class="muted">{props.note}</span>}
        {range && !props.onRange && (
          <button type="button" class="small" onClick={() => setRange(null)}>
            Whole run
          </button>
        )}
      </figcaption>
      <div class="plot" ref={box} role="img" aria-label={summary} />
      <div class="legend" role="group" aria-label={`Curves of: ${title}`}>
        {lines.map((line) => (
          <button
            type="button"
            key={line.label}
            class="quiet"
            aria-pressed={!off.has(line.label)}
            onClick={() => toggle(line.label)}
          >
            <Sample line={line} />
            {line.label}
            <b
              ref={(element) => {
                if (element) values.current.set(line.label, element);
                else values.current.delete(line.label);
              }}
            />
          </button>
        ))}
      </div>
      <ChartTable title={title} at={at} lines={lines} said={said} />
    </figure>
  );
}

function Sample({ line }: { line: ChartLine }) {
  return (
    <svg width="26" height="10" aria-hidden="true">
      <line
        x1="1"
        y1="5"
        x2="25"
        y2="5"
        class={`curve-${line.colour}`}
        stroke-dasharray={line.dash?.join(' ')}
      />
    </svg>
  );
}

function summaryOf(
  title: string,
  at: number[],
  lines: ChartLine[],
  said: (value: number | null) => string,
): string {
  if (at.length === 0) return `${title}: nothing measured yet`;
  const parts = lines.map((line) => {
    const { last, highest } = lastAndHighest(line.values);
    return `${line.label}: last ${said(last)}, highest ${said(highest)}`;
  });
  return `${title}, ${clock(at[0]!)} to ${clock(at.at(-1)!)}. ${parts.join('. ')}`;
}
