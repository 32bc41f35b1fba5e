// A run in one line: state, users, throughput, failures, verdict with its reasons.
import type { ComponentChildren } from 'preact';

import type { Run } from '../api';
import { StateBadge, VerdictBadge } from '../components/badge';
import { Text } from '../components/text';
import { count, duration, instant, percent, rate } from '../format/format';
import { isOver } from '../source/source';
import { useFeed, useRun } from '../store/run_feed';
import { invalidSoFar } from './run_reasons';

const REASONS_SHOWN = 3;

export function RunHeader() {
  const run = useRun((data) => data.run);
  if (!run) return null;
  return (
    <header class="run">
      <div class="run-title">
        <h1>
          <Text value={run.plan || 'Unnamed plan'} length={80} />
        </h1>
        {/* The state alone is announced: numbers would never let anybody finish a sentence. */}
        <span role="status">
          <StateBadge state={run.state} /> <VerdictBadge verdict={run.verdict} />
        </span>
        <span class="host">
          <Text value={run.host} length={100} />
        </span>
      </div>
      <Figures run={run} />
      <Progress run={run} />
      <Reasons run={run} />
    </header>
  );
}

function Figures({ run }: { run: Run }) {
  const over = isOver(run.state);
  const { line } = useFeed().data.value;
  const users = over
    ? line.columns.users.reduce((most, value) => Math.max(most, value), 0)
    : run.users;
  const share = run.requests ? run.failures / run.requests : 0;
  return (
    <dl class="figures">
      <Figure name={over ? 'Users at most' : 'Users'} full={users}>
        {count(users)}
        {!over && !run.options.open_model && run.target_users !== run.users && (
          <small> of {count(run.target_users)}</small>
        )}
      </Figure>
      {run.options.open_model && (
        <Figure name="Arrivals/s" full={run.target_rate}>
          {rate(run.target_rate)}
        </Figure>
      )}
      <Figure name="Requests/s" full={run.requests_per_second}>
        {rate(run.requests_per_second)}
      </Figure>
      <Figure name="Failures/s" full={run.failures_per_second} bad={run.failures_per_second > 0}>
        {rate(run.failures_per_second)}
      </Figure>
      <Figure name="Requests" full={run.requests}>
        {count(run.requests)}
      </Figure>
      <Figure name="Failed" full={run.failures} bad={run.failures > 0}>
        {percent(share)}
      </Figure>
      {run.dropped_iterations > 0 && (
        <Figure name="Dropped iterations" full={run.dropped_iterations} bad>
          {count(run.dropped_iterations)}
        </Figure>
      )}
    </dl>
  );
}

interface FigureProps {
  name: string;
  full: number;
  bad?: boolean;
  children: ComponentChildren;
}

function Figure({ name, full, bad, children }: FigureProps) {
  return (
    <div class={bad ? 'bad' : undefined}>
      <dt>{name}</dt>
      <dd title={String(full)}>
        {bad && <span aria-hidden="true">▲ </span>}
        {children}
      </dd>
    </div>
  );
}

function Progress({ run }: { run: Run }) {
  const whole = run.options.run_time_seconds;
  const over = isOver(run.state);
  const words =
    whole && !over
      ? `${duration(run.elapsed_seconds)} of ${duration(whole)}`
      : duration(run.elapsed_seconds);
  return (
    <div class="progress">
      <span>
        {over && run.started_at && <span class="muted">{instant(run.started_at)} · </span>}
        {words}
        <Aside text={run.options.profile} />
        <Aside text={run.stop_reason} />
      </span>
      {whole !== null && !over && (
        <progress
          max={whole}
          value={Math.min(run.elapsed_seconds, whole)}
          aria-label="Elapsed share of the run time"
        />
      )}
    </div>
  );
}

// A plan has as many stages as it likes, and whoever stops a run says why in his own words.
function Aside({ text }: { text: string }) {
  if (!text) return null;
  return (
    <span class="muted">
      {' · '}
      <Text value={text} length={300} />
    </span>
  );
}

function Reasons({ run }: { run: Run }) {
  const all = [
    ...(run.error ? [run.error] : []),
    ...run.reasons,
    ...invalidSoFar(run).map((reason) => `INVALID so far: ${reason}`),
    ...run.warnings,
  ];
  if (all.length === 0) return null;
  const lines = (texts: string[]) =>
    texts.map((text) => (
      <li key={text}>
        <Text value={text} length={300} />
      </li>
    ));
  return (
    <div class="reasons">
      <ul aria-label="Reasons of the verdict and warnings">{lines(all.slice(0, REASONS_SHOWN))}</ul>
      {all.length > REASONS_SHOWN && (
        <details>
          <summary>{all.length - REASONS_SHOWN} more</summary>
          <ul>{lines(all.slice(REASONS_SHOWN))}</ul>
        </details>
      )}
    </div>
  );
}
