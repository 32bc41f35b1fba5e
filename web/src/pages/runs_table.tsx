// The columns of the list of runs.
import type { RunItem } from '../api';
import { StateBadge, VerdictBadge } from '../components/badge';
import { ConfirmButton } from '../components/confirm_button';
import type { Column } from '../components/data_table';
import { Text } from '../components/text';
import { count, duration, instant, NOTHING, percent } from '../format/format';
import { Link } from '../router';
import { isOver } from '../source/source';
import { runAddress } from './run_address';

export const textOf = (run: RunItem) =>
  `${run.plan} ${run.id} ${run.state} ${run.verdict ?? ''} ${run.stop_reason}`;

// What a run is called where its name alone would not tell it from others.
const nameOf = (run: RunItem) => `${run.plan || 'unnamed plan'}, ${instant(run.started_at)}`;

function lengthOf(run: RunItem): number | null {
  if (!run.started_at || !run.ended_at) return null;
  return (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000;
}

const failedOf = (run: RunItem) => (run.requests ? run.failures / run.requests : null);

export function columnsOf(
  chosen: string[],
  choose: (id: string) => void,
  remove: ((run: RunItem) => void) | null,
): Column<RunItem>[] {
  const columns: Column<RunItem>[] = [
    {
      key: 'compare',
      title: 'Compare',
      cell: (run) => (
        <input
          type="checkbox"
          aria-label={`Compare ${nameOf(run)}`}
          checked={chosen.includes(run.id)}
          onChange={() => choose(run.id)}
        />
      ),
    },
    {
      key: 'plan',
      title: 'Plan',
      fixed: true,
      sort: (run) => run.plan,
      cell: (run) => (
        <Link to={runAddress(run.id)}>
          <Text value={run.plan || 'Unnamed plan'} length={80} />
        </Link>
      ),
    },
    {
      key: 'started',
      title: 'Started',
      sort: (run) => run.started_at ?? '',
      cell: (run) => instant(run.started_at),
      full: (run) => run.started_at ?? undefined,
    },
    {
      key: 'state',
      title: 'State',
      sort: (run) => run.state,
      cell: (run) => <StateBadge state={run.state} />,
    },
    {
      key: 'verdict',
      title: 'Verdict',
      sort: (run) => run.verdict,
      cell: (run) => (run.verdict ? <VerdictBadge verdict={run.verdict} /> : NOTHING),
    },
    {
      key: 'length',
      title: 'Took',
      numeric: true,
      sort: lengthOf,
      cell: (run) => duration(lengthOf(run)),
    },
    {
      key: 'users',
      title: 'Users',
      numeric: true,
      sort: (run) => run.users,
      cell: (run) => count(run.users),
    },
    {
      key: 'requests',
      title: 'Requests',
      numeric: true,
      sort: (run) => run.requests,
      cell: (run) => count(run.requests),
    },
    {
      key: 'failures',
      title: 'Failed',
      numeric: true,
      sort: failedOf,
      cell: (run) => percent(failedOf(run)),
      full: (run) => String(run.failures),
      bad: (run) => run.failures > 0,
    },
    {
      key: 'reason',
      title: 'Ended by',
      sort: (run) => run.stop_reason,
      cell: (run) => <Text value={run.stop_reason} length={60} />,
    },
    {
      key: 'id',
      title: 'ID',
      sort: (run) => run.id,
      cell: (run) => (
        <code>
          <Text value={run.id} length={60} />
        </code>
      ),
    },
  ];
  if (remove !== null) {
    columns.push({
      key: 'remove',
      title: 'Remove',
      cell: (run) =>
        isOver(run.state) ? (
          <ConfirmButton
            label="Remove"
            about={nameOf(run)}
            question={`Remove the run "${nameOf(run)}" with all its results?`}
            onConfirm={() => remove(run)}
          />
        ) : null,
    });
  }
  return columns;
}
