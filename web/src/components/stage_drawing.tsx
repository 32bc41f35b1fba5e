// The curve of the stages in SVG, with a handle at the end of each stage: a slider for the users
// (up and down) that also moves the end (left and right).
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Stage } from '../api';
import { clock, count, duration } from '../format/format';
import {
  curveOf,
  lengthOf,
  roundUp,
  withEnd,
  withField,
  type CurvePoint,
} from '../pages/stage_math';

const MARGIN = { left: 48, right: 20, top: 16, bottom: 28 };
const NARROWEST = 260;
// Room behind the last stage, to draw it longer.
const ROOM = 1.08;
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
];

interface Props {
  stages: Stage[];
  preview: Stage[]; // what the run would do
  planned: Stage[]; // what it does now
  actual: CurvePoint[];
  now: number;
  over: number; // this many stages are past
  height: number;
  onEdit: (edit: (stages: Stage[]) => Stage[]) => void;
}

interface Scale {
  seconds: number; // at the right end
  users: number; // at the top
  width: number;
  height: number;
}

const xOf = (scale: Scale, at: number) =>
  MARGIN.left + (at / scale.seconds) * (scale.width - MARGIN.left - MARGIN.right);
const yOf = (scale: Scale, users: number) =>
  scale.height -
  MARGIN.bottom -
  (users / scale.users) * (scale.height - MARGIN.top - MARGIN.bottom);

function timeStep(seconds: number, ticks: number): number {
  return (
    TIME_STEPS.find((step) => seconds / step <= ticks) ??
    Math.ceil(seconds / ticks / 86_400) * 86_400
  );
}

function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const element = box.current!;
    const look = () => setWidth(Math.max(NARROWEST, element.clientWidth));
    const watch = new ResizeObserver(look);
    watch.observe(element);
    look();
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

export function StageDrawing(props: Props) {
  const { stages, preview, planned, actual, now, over, height } = props;
  const [box, width] = useWidth();
  // While a corner is dragged the axes hold still, unless it leaves them.
  const held = useRef<Scale | null>(null);
  const most = Math.max(
    ...[...stages, ...planned].map(({ users }) => users),
    ...actual.map(({ users }) => users),
    1,
  );
  const longest = Math.max(lengthOf(stages), lengthOf(planned), now, 1) * ROOM;
  const scale: Scale = {
    seconds: Math.max(held.current?.seconds ?? 0, longest),
    users: Math.max(held.current?.users ?? 0, roundUp(most * ROOM)),
    width,
    height,
  };
  const line = (points: CurvePoint[]) =>
    points
      .map(({ at, users }) => `${xOf(scale, at).toFixed(1)},${yOf(scale, users).toFixed(1)}`)
      .join(' ');
  const curve = curveOf(preview);
  const floor = yOf(scale, 0);
  const area =
    curve.length > 0
      ? `${xOf(scale, 0)},${floor} ${line(curve)} ${xOf(scale, curve.at(-1)!.at)},${floor}`
      : '';
  return (
    <div class="stage-drawing" ref={box}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="Users over time, to be drawn"
      >
        <Axes scale={scale} />
        {now > 0 && (
          <g class="stage-past" aria-hidden="true">
            <rect
              x={MARGIN.left}
              y={MARGIN.top}
              width={xOf(scale, now) - MARGIN.left}
              height={floor - MARGIN.top}
            />
            <line x1={xOf(scale, now)} x2={xOf(scale, now)} y1={MARGIN.top} y2={floor} />
            <text x={xOf(scale, now) + 4} y={MARGIN.top + 10}>
              now
            </text>
          </g>
        )}
        <g aria-hidden="true">
          <polygon class="stage-area" points={area} />
          {planned.length > 0 && <polyline class="stage-planned" points={line(curveOf(planned))} />}
          <polyline class="stage-curve" points={line(curve)} />
          {actual.length > 0 && <polyline class="stage-actual" points={line(actual)} />}
        </g>
        {stages.map((_, index) => (
          <Handle
            key={index}
            {...props}
            index={index}
            scale={scale}
            held={held}
            locked={index < over}
          />
        ))}
      </svg>
      <Legend live={planned.length > 0} />
    </div>
  );
}

function Axes({ scale }: { scale: Scale }) {
  const step = timeStep(scale.seconds, Math.max(3, scale.width / 90));
  const times = Array.from(
    { length: Math.floor(scale.seconds / step) + 1 },
    (_, index) => index * step,
  );
  const heights = [0, 1, 2, 3, 4].map((part) => (scale.users * part) / 4).filter(Number.isInteger);
  const right = scale.width - MARGIN.right;
  return (
    <g class="stage-axes" aria-hidden="true">
      {heights.map((users) => (
        <g key={users}>
          <line x1={MARGIN.left} x2={right} y1={yOf(scale, users)} y2={yOf(scale, users)} />
          <text x={MARGIN.left - 6} y={yOf(scale, users) + 4} text-anchor="end">
            {count(users)}
          </text>
        </g>
      ))}
      {times.map((at) => (
        <text key={at} x={xOf(scale, at)} y={scale.height - 8} text-anchor="middle">
          {clock(at)}
        </text>
      ))}
    </g>
  );
}

function Legend({ live }: { live: boolean }) {
  return (
    <p class="stage-legend" aria-hidden="true">
      <span class="key curve">{live ? 'as drawn' : 'users'}</span>
      {live && <span class="key planned">as planned</span>}
      {live && <span class="key actual">as it was</span>}
      <span class="hint">Drag a corner, or select it and use the arrow keys</span>
    </p>
  );
}

type HandleProps = Props & {
  index: number;
  scale: Scale;
  held: { current: Scale | null };
  locked: boolean;
};

function Handle({ stages, index, scale, held, locked, now, onEdit }: HandleProps) {
  const stage = stages[index]!;
  const end = lengthOf(stages.slice(0, index + 1));
  const [x, y] = [xOf(scale, end), yOf(scale, stage.users)];
  if (locked) return <circle class="stage-dot past" cx={x} cy={y} r={4} aria-hidden="true" />;

  const moveTo = (all: Stage[], users: number, at: number) =>
    withEnd(withField(all, index, { users: Math.max(0, Math.round(users)) }), index, at, now);
  const begin = (event: PointerEvent) => {
    const target = event.currentTarget as SVGElement;
    target.setPointerCapture(event.pointerId);
    target.focus();
    held.current = scale;
  };
  const drag = (event: PointerEvent) => {
    const target = event.currentTarget as Element;
    if (!target.hasPointerCapture(event.pointerId)) return;
    const frame = target.closest('svg')!.getBoundingClientRect();
    const along =
      (event.clientX - frame.left - MARGIN.left) / (scale.width - MARGIN.left - MARGIN.right);
    const up =
      (frame.bottom - MARGIN.bottom - event.clientY) / (scale.height - MARGIN.top - MARGIN.bottom);
    const step = snapOf(scale.seconds);
    onEdit((all) =>
      moveTo(all, up * scale.users, Math.round((along * scale.seconds) / step) * step),
    );
  };
  const drop = () => {
    held.current = null;
    onEdit((all) => [...all]);
  };
  const press = (event: KeyboardEvent) => {
    const [users, seconds] = stepOf(event, scale);
    if (users === 0 && seconds === 0) return;
    event.preventDefault();
    // Keys come faster than the page is drawn.
    onEdit((all) =>
      moveTo(all, all[index]!.users + users, lengthOf(all.slice(0, index + 1)) + seconds),
    );
  };
  return (
    <g
      class="stage-handle"
      role="slider"
      tabindex={0}
      aria-label={`End of stage ${index + 1}`}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={Math.max(scale.users, stage.users)}
      aria-valuenow={stage.users}
      aria-valuetext={`${count(stage.users)} users until ${duration(end)}`}
      // Else a finger scrolls the page: touch-action does nothing inside of an SVG.
      onTouchStart={(event) => event.preventDefault()}
      onPointerDown={begin}
      onPointerMove={drag}
      onPointerUp={drop}
      onPointerCancel={drop}
      onKeyDown={press}
    >
      <circle class="stage-reach" cx={x} cy={y} r={20} />
      <circle class="stage-dot" cx={x} cy={y} r={8} />
      <text class="stage-number" x={x} y={y - 13} text-anchor="middle" aria-hidden="true">
        {count(stage.users)}
      </text>
    </g>
  );
}

// A drag moves by about one part in a hundred of the axis, so that ends are round numbers.
const snapOf = (seconds: number) => TIME_STEPS.findLast((step) => seconds / step >= 60) ?? 1;

// Users and seconds that a key is worth; Shift and Page: ten times as many.
function stepOf(event: KeyboardEvent, scale: Scale): [users: number, seconds: number] {
  const times = event.shiftKey ? 10 : 1;
  const some = Math.max(1, Math.round(scale.users / 10));
  const second = Math.max(1, snapOf(scale.seconds));
  const steps: Record<string, [number, number]> = {
    ArrowUp: [times, 0],
    ArrowDown: [-times, 0],
    ArrowRight: [0, second * times],
    ArrowLeft: [0, -second * times],
    PageUp: [some, 0],
    PageDown: [-some, 0],
    Home: [-Infinity, 0],
  };
  return steps[event.key] ?? [0, 0];
}
