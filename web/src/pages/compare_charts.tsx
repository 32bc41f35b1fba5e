// Two runs over one another: seconds since the start of each.
import { useMemo } from 'preact/hooks';

import { Chart, type ChartLine } from '../components/chart';
import { count, latency, rate } from '../format/format';
import { align, shortened, valuesOn, type Steps } from './overlay';

const DASHES = [8, 4];
const SYNC = 'compare';
// Twelve curves of a day of seconds would be a million values with every second.
const STEPS_MAX = 4000;

type Percentile = 'response_p50' | 'response_p95' | 'response_p99';

const perSecond = (of: 'requests' | 'failures') => (steps: Steps, index: number) =>
  steps.length[index]! > 0 ? steps[of][index]! / steps.length[index]! : null;
const percentile = (of: Percentile) => (steps: Steps, index: number) =>
  steps.requests[index]! > 0 ? steps[of][index]! : null;

interface ChartOf {
  title: string;
  unit: string;
  format: (value: number | null | undefined) => string;
  of: (steps: Steps, index: number) => number | null;
}

const CHARTS: ChartOf[] = [
  { title: 'Requests', unit: '/s', format: rate, of: perSecond('requests') },
  { title: 'Failures', unit: '/s', format: rate, of: perSecond('failures') },
  { title: 'Response time p50', unit: '', format: latency, of: percentile('response_p50') },
  { title: 'Response time p95', unit: '', format: latency, of: percentile('response_p95') },
  { title: 'Response time p99', unit: '', format: latency, of: percentile('response_p99') },
  { title: 'Users', unit: '', format: count, of: (steps, index) => steps.users[index]! },
];

// `version` counts the changes inside of both, which stay the same objects.
export function CompareCharts({
  base,
  run,
  version,
}: {
  base: Steps;
  run: Steps;
  version: number;
}) {
  const charts = useMemo(() => {
    const [before, after] = [shortened(base, STEPS_MAX), shortened(run, STEPS_MAX)];
    const { at, ...indices } = align(before, after);
    return CHARTS.map(({ of, ...chart }) => {
      const lines: ChartLine[] = [
        { label: 'Base', values: valuesOn(before, indices.base, of), colour: 6, dash: DASHES },
        { label: 'Run', values: valuesOn(after, indices.run, of), colour: 1 },
      ];
      return { ...chart, at, lines };
    });
  }, [base, run, version]);
  return (
    <div class="charts">
      {charts.map((chart) => (
        <Chart key={chart.title} {...chart} sync={SYNC} />
      ))}
    </div>
  );
}
