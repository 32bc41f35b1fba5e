// The load that is planned as a small curve, with the same in words.
import type { PlannedPoint } from '../api';
import { count, duration, rate } from '../format/format';

const WIDTH = 600;
const HEIGHT = 120;

export function PlannedCurve({
  points,
  openModel,
}: {
  points: PlannedPoint[];
  openModel: boolean;
}) {
  if (points.length < 2) return null;
  const value = (point: PlannedPoint) => (openModel ? point.rate : point.users);
  const end = points.at(-1)!.at || 1;
  const peak = Math.max(...points.map(value));
  const x = (at: number) => ((at / end) * WIDTH).toFixed(1);
  const y = (height: number) => (HEIGHT - (peak ? height / peak : 0) * (HEIGHT - 6) - 2).toFixed(1);
  const line = points.map((point) => `${x(point.at)},${y(value(point))}`).join(' ');
  const top = openModel ? `${rate(peak)} arrivals/s` : `${count(peak)} users`;
  const summary = `Planned load: at most ${top} over ${duration(end)}`;
  return (
    <figure class="planned">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
      >
        <polygon points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
        <polyline points={line} />
      </svg>
      <figcaption>
        <span>{top}</span>
        <span>{duration(end)}</span>
      </figcaption>
    </figure>
  );
}
