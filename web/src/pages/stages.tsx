// The stages of a run that goes on, to be changed for what is still to come.
import { useMemo, useState } from 'preact/hooks';

import type { Run, Stage } from '../api';
import { Notice } from '../components/notice';
import { StageEditor } from '../components/stage_editor';
import { Text } from '../components/text';
import { isOver, useSite, wordsOf } from '../source/source';
import { useFeed, useRun } from '../store/run_feed';
import type { PointLine } from '../store/point_line';
import { plannedAt } from './chart_series';
import { pastOf, troubleOf, withPast, type CurvePoint } from './stage_math';

const FUTURE_SECONDS = 300;
const POINTS_MAX = 500;
// So much older may the page's clock of the run be than the run when it hears of new stages.
const ON_THE_WAY_SECONDS = 1;

export function StagesPage() {
  const run = useRun((data) => data.run);
  const { server } = useSite();
  if (!run) return null;
  return (
    <>
      <p>
        Planned: <Text value={run.options.profile} />
      </p>
      {isOver(run.state) ? (
        <p>The run is over: nothing of it can be changed any more.</p>
      ) : run.options.open_model ? (
        <p>
          The load of this run is a rate of arrivals, which has no stages of users. Scale it with
          the slider above.
        </p>
      ) : !server.can.stages ? (
        <p>Stages cannot be changed here.</p>
      ) : (
        <LiveStages run={run} />
      )}
    </>
  );
}

// The users there were, thinned to what a drawing can show.
function usersOf(line: PointLine): CurvePoint[] {
  const { start, length, users } = line.columns;
  const stride = Math.max(1, Math.ceil(start.length / POINTS_MAX));
  const points: CurvePoint[] = [];
  for (let index = stride - 1; index < start.length; index += stride) {
    points.push({ at: start[index]! + length[index]!, users: users[index]! });
  }
  return points;
}

// What is in force. A run without stages is as if it had had one, which led to the users of now.
function plannedOf(run: Run, now = run.elapsed_seconds): Stage[] {
  return run.stages ?? pastOf(now, usersOfNow(run, Math.ceil(now)));
}

function usersOfNow(run: Run, now: number): number {
  if (run.overridden) return run.target_users;
  return Math.round(plannedAt(run.planned, now, 'users') ?? run.target_users);
}

function LiveStages({ run }: { run: Run }) {
  const feed = useFeed();
  const { source } = useSite();
  const version = useRun((data) => data.line_version);
  const actual = useMemo(() => usersOf(feed.data.value.line), [feed, version]);
  const [drawn, setDrawn] = useState<Stage[] | null>(null);
  const [state, setState] = useState<{ busy: boolean; error: string; done: boolean }>({
    busy: false,
    error: '',
    done: false,
  });
  const now = run.elapsed_seconds;
  const planned = plannedOf(run);

  const begin = () => {
    const users = Math.max(1, run.target_users);
    setDrawn([
      ...planned,
      { duration_seconds: FUTURE_SECONDS, users, spawn_rate: run.options.spawn_rate ?? users },
    ]);
  };
  const apply = async () => {
    setState({ busy: true, error: '', done: false });
    try {
      const latest = feed.data.value.run ?? run;
      const soon = latest.elapsed_seconds + ON_THE_WAY_SECONDS;
      await source.change(run.id, { stages: withPast(plannedOf(latest, soon), drawn!, soon) });
      setDrawn(null);
      feed.refresh();
      setState({ busy: false, error: '', done: true });
    } catch (error) {
      setState({ busy: false, error: wordsOf(error), done: false });
    }
  };

  if (!run.stages && drawn === null) {
    return (
      <>
        <p>
          This run has no stages yet. It can be given some from now on; it then ends when the last
          one is over.
        </p>
        <button type="button" onClick={begin}>
          Draw stages
        </button>
      </>
    );
  }
  return (
    <>
      {run.overridden && (
        <Notice kind="info" title="The users have been set by hand">
          New stages take over from that.
        </Notice>
      )}
      <StageEditor
        stages={drawn ?? planned}
        onChange={setDrawn}
        planned={planned}
        now={now}
        actual={actual}
      />
      <div class="tools">
        <button
          type="button"
          class="primary"
          disabled={drawn === null || state.busy || troubleOf(drawn) !== ''}
          onClick={apply}
        >
          Apply
        </button>
        <button
          type="button"
          disabled={drawn === null || state.busy}
          onClick={() => setDrawn(null)}
        >
          Discard
        </button>
        <span role="status">
          {state.done && drawn === null ? 'The run follows the new stages.' : ''}
        </span>
      </div>
      {state.error && (
        <Notice kind="error" title="The stages were not changed" live>
          <Text value={state.error} length={1000} />
        </Notice>
      )}
    </>
  );
}
