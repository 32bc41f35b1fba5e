// How the run went over its time. All charts share the cursor and the part of the time that is
// shown.
import { useMemo, useState } from 'preact/hooks';

import { Chart, type Range } from '../components/chart';
import { HeatChart } from '../components/heat_chart';
import { clock, count, latency, rate } from '../format/format';
import { isOver } from '../source/source';
import { useFeed, usePart, useRun } from '../store/run_feed';
import { percentileOf, perSecond, timesOf, usersChart } from './chart_series';

const SYNC = 'run';
const DASHES = [8, 4];
const DOTS = [2, 3];
const RANGES: [words: string, seconds: number][] = [
  ['Last minute', 60],
  ['Last 5 minutes', 300],
  ['Last 15 minutes', 900],
  ['Last hour', 3600],
];

interface Shared {
  sync: string;
  range: Range;
  onRange: (range: Range) => void;
}

export function ChartsPage() {
  const feed = useFeed();
  const version = useRun((data) => data.line_version);
  const heat = usePart('heat');
  const { line } = feed.data.value;
  const [last, setLast] = useState(0); // seconds that move on with the run; 0: not so
  const [dragged, setDragged] = useState<Range>(null);
  const from = Math.max(0, line.end - last);
  const range: Range = last > 0 ? [from, Math.max(line.end, from + 2)] : dragged;
  const show = (seconds: number, next: Range) => {
    setLast(seconds);
    setDragged(next);
  };
  const traffic = useMemo(
    () => ({
      at: timesOf(line),
      requests: perSecond(line, 'requests'),
      failures: perSecond(line, 'failures'),
    }),
    [line, version],
  );
  const times = useMemo(
    () => ({
      p50: percentileOf(line, 'response_p50'),
      p95: percentileOf(line, 'response_p95'),
      p99: percentileOf(line, 'response_p99'),
      service: percentileOf(line, 'service_p95'),
    }),
    [line, version],
  );
  const charts: Shared = { sync: SYNC, range, onRange: (next) => show(0, next) };
  return (
    <div class="charts">
      <RangeTools last={last} range={range} onShow={show} />
      <Chart
        {...charts}
        title="Requests and failures"
        unit="/s"
        at={traffic.at}
        format={rate}
        lines={[
          { label: 'Requests', values: traffic.requests, colour: 1, fill: true },
          { label: 'Failures', values: traffic.failures, colour: 2, dash: DASHES },
        ]}
      />
      <Chart
        {...charts}
        title="Response time"
        unit=""
        at={traffic.at}
        format={latency}
        lines={[
          { label: 'p50', values: times.p50, colour: 3 },
          { label: 'p95', values: times.p95, colour: 1, dash: DASHES },
          { label: 'p99', values: times.p99, colour: 2, dash: DOTS },
          { label: 'Service p95', values: times.service, colour: 4, dash: [12, 3, 2, 3] },
        ]}
      />
      <LoadCharts charts={charts} />
      {heat && <HeatChart heat={heat} range={range} />}
    </div>
  );
}

interface ToolsProps {
  last: number;
  range: Range;
  onShow: (lastSeconds: number, range: Range) => void;
}

function RangeTools({ last, range, onShow }: ToolsProps) {
  const dragged = last === 0 && range !== null;
  return (
    <div class="tools">
      <label class="inline">
        Time shown
        <select
          value={dragged ? 'dragged' : String(last)}
          onChange={(event) => onShow(Number(event.currentTarget.value), null)}
        >
          <option value="0">Whole run</option>
          {RANGES.map(([words, seconds]) => (
            <option key={seconds} value={String(seconds)}>
              {words}
            </option>
          ))}
          {dragged && <option value="dragged">{range.map(clock).join(' to ')}</option>}
        </select>
      </label>
      {range ? (
        <button type="button" onClick={() => onShow(0, null)}>
          Whole run
        </button>
      ) : (
        <span class="muted">Drag over a chart to look closer.</span>
      )}
    </div>
  );
}

function LoadCharts({ charts }: { charts: Shared }) {
  const feed = useFeed();
  const version = useRun((data) => data.line_version);
  const planned = useRun((data) => data.run!.planned);
  const open = useRun((data) => data.run!.options.open_model);
  const over = useRun((data) => isOver(data.run!.state));
  const { line } = feed.data.value;
  const users = useMemo(
    () => usersChart(line, planned, open ? 'rate' : 'users', over),
    [line, version, planned, open, over],
  );
  const past = useMemo(() => timesOf(line), [line, version]);
  if (!open) {
    return (
      <Chart
        {...charts}
        title="Users"
        unit=""
        at={users.at}
        format={count}
        whole
        note="against the planned profile"
        lines={[
          { label: 'Running', values: users.actual, colour: 1, fill: true },
          { label: 'Wanted', values: users.wanted, colour: 5, dash: DASHES, step: true },
          { label: 'Planned', values: users.planned, colour: 6, dash: DOTS },
        ]}
      />
    );
  }
  return (
    <>
      <Chart
        {...charts}
        title="Arrivals"
        unit="/s"
        at={users.at}
        format={rate}
        note="against the planned profile"
        lines={[
          { label: 'Wanted', values: users.wanted, colour: 1, fill: true },
          { label: 'Planned', values: users.planned, colour: 6, dash: DOTS },
        ]}
      />
      <Chart
        {...charts}
        title="Users"
        unit=""
        at={past}
        format={count}
        whole
        lines={[{ label: 'Running', values: line.columns.users, colour: 3, fill: true }]}
      />
    </>
  );
}
