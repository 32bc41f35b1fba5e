// The verdict in words: what it means, why it is so, what to do about it.
import type { Run } from '../api';
import { VerdictBadge } from '../components/badge';
import { Text } from '../components/text';
import { Link } from '../router';
import { isOver } from '../source/source';
import { runAddress } from './run_address';
import { invalidSoFar } from './run_reasons';

const MEANINGS: Record<string, string> = {
  PASS: 'The target did what was asked of it, and the load was what was planned.',
  FAIL: 'The target did not do what was asked of it.',
  INVALID:
    'The load generator was the bottleneck, so the figures are about it and not about the target. ' +
    'Do not compare them with others.',
};

// What helps, by what a reason says (daemon/stats/verdict.cc).
const ADVICE: [pattern: RegExp, page: string, title: string, words: string][] = [
  [/^threshold /, 'statistics', 'Statistics', 'See which requests are slow or fail'],
  [/requests failed|failed: /, 'failures', 'Failures', 'See what fails, and since when'],
  [/task errors/, 'exceptions', 'Exceptions', 'See where tasks went wrong'],
  [
    /event loop lag|waited for a CPU/,
    'agents',
    'Agents',
    'See which agent is short of CPU, and add agents or take users away',
  ],
  [/arrivals|start delay/, 'charts', 'Charts', 'See when the load fell behind its plan'],
  [
    /file descriptor|local port|memory was left/,
    'agents',
    'Agents',
    'See which agent has run out, and raise its limit',
  ],
  [/no request was sent/, 'log', 'Log', 'See what the run did in their place'],
];

export function VerdictPanel({ run }: { run: Run }) {
  return (
    <section>
      <h2>Verdict</h2>
      {run.verdict ? (
        <p class="verdict">
          <VerdictBadge verdict={run.verdict} /> {MEANINGS[run.verdict]}
        </p>
      ) : (
        <p>
          {isOver(run.state)
            ? 'The run came to no verdict.'
            : 'The verdict is spoken when the run is over.'}
        </p>
      )}
      {invalidSoFar(run).length > 0 && <p>If it ended now, it would be INVALID.</p>}
      <Reasons run={run} />
      {run.error && (
        <p>
          The run has failed: <Text value={run.error} length={2000} lines />
        </p>
      )}
      <Warnings warnings={run.warnings} />
    </section>
  );
}

function Reasons({ run }: { run: Run }) {
  const reasons = [...run.reasons, ...invalidSoFar(run)];
  if (reasons.length === 0) return null;
  const advice = ADVICE.filter(([pattern]) => reasons.some((reason) => pattern.test(reason)));
  return (
    <>
      <h3>Why</h3>
      <ol>
        {reasons.map((reason, index) => (
          <li key={index}>
            <Text value={reason} length={2000} />
          </li>
        ))}
      </ol>
      {advice.length > 0 && (
        <>
          <h3>What to do</h3>
          <ul>
            {advice.map(([, page, title, words]) => (
              <li key={words}>
                {words}: <Link to={runAddress(run.id, page)}>{title}</Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Warnings({ warnings }: { warnings: string[] }) {
  if (warnings.length === 0) return null;
  return (
    <>
      <h3>Worth knowing</h3>
      <ul>
        {warnings.map((warning, index) => (
          <li key={index}>
            <Text value={warning} length={2000} />
          </li>
        ))}
      </ul>
    </>
  );
}
