// What two runs were asked for and how they ended, line by line; lines that differ are marked.
import type { ComponentChildren } from 'preact';

import type { Run } from '../api';
import { StateBadge, VerdictBadge } from '../components/badge';
import { Text } from '../components/text';
import { count, duration, instant, percent, rate } from '../format/format';
import { Link } from '../router';
import { runAddress } from './run_address';

interface Line {
  name: string;
  text: (run: Run) => string; // what makes two runs differ
  cell?: (run: Run) => ComponentChildren;
  always?: boolean; // differs by its nature
}

const LINES: Line[] = [
  {
    name: 'Run',
    always: true,
    text: (run) => run.id,
    cell: (run) => (
      <Link to={runAddress(run.id)}>
        <Text value={run.plan || 'Unnamed plan'} length={80} />
      </Link>
    ),
  },
  { name: 'Started', always: true, text: (run) => instant(run.started_at) },
  {
    name: 'Verdict',
    text: (run) => run.verdict ?? run.state,
    cell: (run) =>
      run.verdict ? <VerdictBadge verdict={run.verdict} /> : <StateBadge state={run.state} />,
  },
  {
    name: 'Why',
    text: (run) => run.reasons.join('\n'),
    cell: (run) =>
      run.reasons.length === 0 ? (
        '–'
      ) : (
        <ul>
          {run.reasons.slice(0, 5).map((reason, index) => (
            <li key={index}>
              <Text value={reason} length={300} />
            </li>
          ))}
        </ul>
      ),
  },
  { name: 'Target', text: (run) => run.host },
  { name: 'Load', text: (run) => run.options.profile },
  { name: 'Users', text: (run) => count(run.options.users) },
  { name: 'Spawn rate', text: (run) => rate(run.options.spawn_rate) },
  { name: 'Run time', text: (run) => duration(run.options.run_time_seconds) },
  { name: 'Measured', text: (run) => duration(run.measured_seconds) },
  {
    name: 'Warm-up and cool-down',
    text: (run) =>
      `${duration(run.options.warm_up_seconds)}, ${duration(run.options.cool_down_seconds)}`,
  },
  {
    name: 'Failed',
    always: true,
    text: (run) =>
      `${count(run.failures)} of ${count(run.requests)}` +
      (run.requests ? ` (${percent(run.failures / run.requests)})` : ''),
  },
  { name: 'Seed', text: (run) => run.seed },
  { name: 'Squall', text: (run) => run.squall_version },
  { name: 'Ended by', text: (run) => run.stop_reason },
];

export function CompareOptions({ base, run }: { base: Run; run: Run }) {
  return (
    <div
      class="table-scroll"
      role="region"
      aria-label="Verdicts and options of both runs"
      tabIndex={0}
    >
      <table class="compare-options">
        <thead>
          <tr>
            <td />
            <th scope="col">Base</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {LINES.map((line) => {
            const differs = !line.always && line.text(base) !== line.text(run);
            const cell = (one: Run) => line.cell?.(one) ?? <Text value={line.text(one) || '–'} />;
            return (
              <tr key={line.name} class={differs ? 'differs' : undefined}>
                <th scope="row">
                  {line.name}
                  {differs && (
                    <span class="differs-mark">
                      {' '}
                      ≠<span class="unseen"> differs</span>
                    </span>
                  )}
                </th>
                <td>{cell(base)}</td>
                <td>{cell(run)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
