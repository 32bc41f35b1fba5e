// How response times spread over the run: time to the right, slower upwards, stronger is more.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Heat } from '../api';
import { clock, count, latency, percent } from '../format/format';
import { useStore } from '../store/store';
import { dark } from '../theme/theme';
import type { Range } from './chart';
import { cellAt, columnsIn, heatRows, type HeatRow } from './heat_cells';

const HEIGHT = 280;
const LEFT = 62; // as wide as the axes of the charts above
const RIGHT = 26;
const BOTTOM = 24;

export function HeatChart({ heat, range = null }: { heat: Heat; range?: Range }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [shown, setShown] = useState('');
  const isDark = useStore(dark, (now) => now);
  const rows = useMemo(() => heatRows(heat), [heat]);
  const picture = useMemo(() => pictureOf(heat, rows, range), [heat, rows, range?.[0], range?.[1]]);
  useEffect(() => {
    const box = canvas.current!.parentElement!;
    const observer = new ResizeObserver(() => setWidth(box.clientWidth));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width > 0) paint(canvas.current!, picture, width);
  }, [picture, width, isDark]);

  const point = (event: MouseEvent) => {
    const x = (event.offsetX - LEFT) / (width - LEFT - RIGHT);
    const y = 1 - event.offsetY / (HEIGHT - BOTTOM);
    setShown(wordsAt(picture, x, y));
  };
  return (
    <figure class="chart">
      <figcaption>
        <h2>Latency heat map</h2>
        <span class="muted" aria-hidden="true">
          {shown || 'stronger: more responses'}
        </span>
      </figcaption>
      <div class="plot">
        <canvas
          ref={canvas}
          role="img"
          aria-label={summaryOf(rows)}
          style={{ width: '100%', height: HEIGHT }}
          onMouseMove={point}
          onMouseLeave={() => setShown('')}
        />
      </div>
      <HeatTable rows={rows} />
    </figure>
  );
}

interface Picture {
  heat: Heat;
  from: number; // seconds
  to: number;
  low: number; // rows
  high: number;
  cells: Heat['cells'];
  most: number;
}

function pictureOf(heat: Heat, rows: HeatRow[], range: Range): Picture {
  const columns = heat.start.length;
  const end = columns ? heat.start[columns - 1]! + heat.length[columns - 1]! : 0;
  const [from, to] = range ?? [0, Math.max(end, 10)];
  const [first, last] = columnsIn(heat, from, to);
  const cells = heat.cells.filter(([column]) => column >= first && column < last);
  return {
    heat,
    from,
    to,
    low: rows[0]?.row ?? 0,
    high: rows.at(-1)?.row ?? 0,
    cells,
    most: cells.reduce((most, cell) => Math.max(most, cell[2]), 1),
  };
}

function wordsAt({ heat, from, to, low, high }: Picture, x: number, y: number): string {
  if (x < 0 || x > 1 || y < 0 || y > 1) return '';
  const second = from + x * (to - from);
  const row = low + Math.floor(y * (high - low + 1));
  return `${clock(second)}: ${count(cellAt(heat, second, row))} responses ${boundsOf(heat, row)}`;
}

function boundsOf({ bounds }: Heat, row: number): string {
  const upper = bounds[row];
  const lower = row > 0 ? bounds[row - 1] : 0;
  return upper === undefined
    ? `above ${latency(lower)}`
    : `of ${latency(lower)} to ${latency(upper)}`;
}

function summaryOf(rows: HeatRow[]): string {
  const all = rows.reduce((sum, row) => sum + row.count, 0);
  if (all === 0) return 'Latency heat map: nothing measured yet';
  const top = rows.reduce((best, row) => (row.count > best.count ? row : best));
  const between = `between ${latency(rows[0]!.from)} and ${words(rows.at(-1)!.to)}`;
  const most = `${percent(top.count / all)} took ${latency(top.from)} to ${words(top.to)}`;
  return `Latency heat map of ${count(all)} responses ${between}; the most, ${most}`;
}

function words(upper: number | null): string {
  return upper === null ? 'more' : latency(upper);
}

function paint(canvas: HTMLCanvasElement, picture: Picture, width: number): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.scale(ratio, ratio);
  const { heat, from, to, low, high, cells, most } = picture;
  const wide = (width - LEFT - RIGHT) / (to - from || 1);
  const tall = (HEIGHT - BOTTOM) / (high - low + 1);
  const shades = shadesOf();
  for (const [column, row, number] of cells) {
    const start = Math.max(from, heat.start[column]!);
    const end = Math.min(to, heat.start[column]! + heat.length[column]!);
    const share = Math.log1p(number) / Math.log1p(most);
    pen.fillStyle = shades[Math.round(share * (shades.length - 1))]!;
    // Half a pixel more, else seams shine through.
    pen.fillRect(
      LEFT + (start - from) * wide,
      (high - row) * tall,
      (end - start) * wide + 0.5,
      tall + 0.5,
    );
  }
  paintAxes(pen, picture, width, tall);
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// From few to many: two colours of the theme, mixed. Lightness alone tells them apart.
function shadesOf(): string[] {
  const ends = [css('--heat-low'), css('--heat-high')].map((hex) =>
    [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)),
  );
  return Array.from({ length: 32 }, (_, step) => {
    const share = step / 31;
    const [r, g, b] = [0, 1, 2].map((part) =>
      Math.round(ends[0]![part]! * (1 - share) + ends[1]![part]! * share),
    );
    return `rgb(${r} ${g} ${b})`;
  });
}

function paintAxes(
  pen: CanvasRenderingContext2D,
  picture: Picture,
  width: number,
  tall: number,
): void {
  const { heat, from, to, low, high } = picture;
  pen.fillStyle = css('--ink-soft');
  pen.font = '12px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  const every = Math.max(1, Math.ceil((high - low + 1) / 9));
  for (let row = low; row <= high; row += every) {
    const bound = heat.bounds[row];
    if (bound !== undefined)
      pen.fillText(latency(bound), LEFT - 8, Math.max(7, (high - row) * tall));
  }
  const parts = width < 480 ? 2 : 5;
  for (let part = 0; part <= parts; part += 1) {
    pen.textAlign = part === 0 ? 'left' : part === parts ? 'right' : 'center';
    const x = LEFT + ((width - LEFT - RIGHT) * part) / parts;
    pen.fillText(clock(from + ((to - from) * part) / parts), x, HEIGHT - BOTTOM / 2);
  }
}

function HeatTable({ rows }: { rows: HeatRow[] }) {
  const all = rows.reduce((sum, row) => sum + row.count, 0);
  return (
    <details class="chart-table">
      <summary>As a table</summary>
      <div class="grid" tabIndex={0} role="region" aria-label="Responses by latency">
        <table>
          <caption class="unseen">Responses by latency, over the whole run</caption>
          <thead>
            <tr>
              <th scope="col">Latency</th>
              <th scope="col" class="number">
                Responses
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.row}>
                <th scope="row">
                  {latency(row.from)} to {words(row.to)}
                </th>
                <td class="number">{count(row.count)}</td>
                <td class="number">{percent(row.count / all)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
