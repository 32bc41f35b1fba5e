// uPlot in an element: made once for a set of lines, then only given data. Draws about a point a
// pixel, however long the run is, and of the part that is zoomed into every point there is.
import uPlot from 'uplot';

import { clock } from '../format/format';
import type { ChartLine, Range } from './chart';
import { indexAt, thinned } from './thin';

export interface PlotInput {
  at: number[];
  lines: ChartLine[];
  range: Range;
  height: number;
  format: (value: number | null | undefined) => string;
  whole: boolean;
  sync: string | undefined;
  onRange: (range: Range) => void;
  onCursor: (second: number | null, values: Map<string, number | null>) => void;
}

const WIDTH_MIN = 200;
const NARROW = 480;
const SHORTEST_RANGE = 2; // seconds
const FONT = '12px system-ui, sans-serif';

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class Plot {
  readonly #element: HTMLElement;
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;
  #input: PlotInput;

  constructor(element: HTMLElement, input: PlotInput) {
    this.#element = element;
    this.#input = input;
    this.#plot = new uPlot(
      this.#options(),
      [[], ...input.lines.map(() => [])] as uPlot.AlignedData,
      element,
    );
    this.#observer = new ResizeObserver(() => {
      const width = this.#width();
      if (width === this.#plot.width) return;
      this.#plot.setSize({ width, height: this.#input.height });
      this.draw(this.#input);
    });
    this.#observer.observe(element);
    this.draw(input);
  }

  close(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  draw(input: PlotInput): void {
    this.#input = input;
    const { at, lines, range } = input;
    if (lines.length !== this.#plot.series.length - 1) return; // about to be made anew
    // One beyond each end, so that lines run to the edge.
    const from = range ? Math.max(0, indexAt(at, range[0]) - 1) : 0;
    const to = range ? Math.min(at.length, indexAt(at, range[1]) + 1) : at.length;
    const data = thinned(
      at,
      lines.map((line) => line.values),
      from,
      to,
      this.#width(),
    );
    const min = range ? range[0] : 0;
    const max = range ? range[1] : Math.max(at.at(-1) ?? 0, 10);
    this.#plot.batch(() => {
      this.#plot.setData([data.at, ...data.values] as uPlot.AlignedData, false);
      this.#plot.setScale('x', { min, max });
    });
  }

  #width(): number {
    return Math.max(WIDTH_MIN, this.#element.clientWidth);
  }

  #options(): uPlot.Options {
    const { lines, height, sync, whole } = this.#input;
    const grid = { stroke: css('--curve-grid'), width: 1 };
    const axis = { stroke: css('--ink-soft'), grid, ticks: { ...grid, size: 4 }, font: FONT };
    const narrow = this.#width() < NARROW;
    return {
      width: this.#width(),
      height,
      padding: [10, 26, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        ...(sync ? { sync: { key: sync } } : {}),
      },
      scales: {
        x: { time: false },
        y: {
          range: (_plot, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high! * 1.06 : 1],
        },
      },
      axes: [
        {
          ...axis,
          size: 32,
          space: narrow ? 60 : 80,
          incrs: TIME_STEPS,
          values: (_plot, ticks) => ticks.map(clock),
        },
        {
          ...axis,
          size: 62,
          ...(whole ? { incrs: WHOLE_STEPS } : {}),
          values: (_plot, ticks) => ticks.map((tick) => this.#tick(tick)),
        },
      ],
      series: [{}, ...lines.map((line) => this.#series(line))],
      hooks: {
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [(plot) => this.#moved(plot)],
      },
    };
  }

  // Ticks are round: "25 ms", not "25.0 ms".
  #tick(value: number): string {
    return this.#input
      .format(value)
      .replace(/(\.\d*?)0+(?=\D|$)/, '$1')
      .replace(/\.(?=\D|$)/, '');
  }

  #series(line: ChartLine): uPlot.Series {
    const stroke = css(`--curve-${line.colour}`);
    return {
      label: line.label,
      stroke,
      width: 2,
      points: { show: false },
      ...(line.dash ? { dash: line.dash } : {}),
      ...(line.fill ? { fill: `${stroke}22` } : {}),
      ...(line.step ? { paths: uPlot.paths.stepped!({ align: -1 }) } : {}),
    };
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 8) return;
    const from = Math.max(0, plot.posToVal(left, 'x'));
    const to = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to - from >= SHORTEST_RANGE) this.#input.onRange([from, to]);
  }

  #moved(plot: uPlot): void {
    const index = plot.cursor.idx;
    const second = index === null || index === undefined ? null : (plot.data[0][index] ?? null);
    const values = new Map<string, number | null>();
    if (second !== null) {
      this.#input.lines.forEach((line, number) =>
        values.set(line.label, plot.data[number + 1]?.[index!] ?? null),
      );
    }
    this.#input.onCursor(second, values);
  }
}

const WHOLE_STEPS = Array.from({ length: 9 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

// Steps between the ticks of a time axis, in seconds: those of a clock, not of ten.
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800,
];
