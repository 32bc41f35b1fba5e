// What can be done to a run that goes on: pause, stop, more or fewer users.
import { useRef, useState } from 'preact/hooks';

import type { Change, Run } from '../api';
import { LoadSlider } from '../components/load_slider';
import { Notice } from '../components/notice';
import { Link } from '../router';
import { isOver, useSite, wordsOf } from '../source/source';
import { useFeed, useRun } from '../store/run_feed';
import { arrivalPercentOf, goalOf, spawnRateFor, spawnRateWords } from './scale_math';

export function Controls() {
  const { server } = useSite();
  const run = useRun((data) => data.run)!;
  const [error, setError] = useState('');
  if (isOver(run.state)) {
    return server.can.start ? (
      <div class="controls">
        <Link to="/new" class="button primary">
          New run
        </Link>
      </div>
    ) : null;
  }
  return (
    <>
      <div class="controls" role="group" aria-label="Control of the run">
        {server.can.stop && <StopButton run={run} onError={setError} />}
        {server.can.pause && <PauseButton run={run} onError={setError} />}
        {server.can.scale && <Scale run={run} onError={setError} />}
      </div>
      {error && (
        <Notice kind="error" title="That was not done" live>
          {error}
        </Notice>
      )}
    </>
  );
}

interface Props {
  run: Run;
  onError: (words: string) => void;
}

// The second click of a double click is no wish to cut anything off.
const STOP_NOW_AFTER_MS = 1000;

// A second press does not wait for what is under way.
function StopButton({ run, onError }: Props) {
  const { source } = useSite();
  const feed = useFeed();
  const [pressed, setPressed] = useState(false);
  const stopping = pressed || run.state === 'stopping';
  const pressedAt = useRef(0);
  const stop = () => {
    const now = performance.now();
    if (pressed && now - pressedAt.current < STOP_NOW_AFTER_MS) return;
    pressedAt.current = now;
    setPressed(true);
    source.stop(feed.id, stopping).then(
      () => onError(''),
      (error) => (setPressed(false), onError(wordsOf(error))),
    );
  };
  return (
    <button type="button" class="stop" onClick={stop}>
      <span aria-hidden="true">◼ </span>
      {stopping ? 'Stop now' : 'Stop'}
    </button>
  );
}

function useChange(onError: (words: string) => void): (change: Change) => void {
  const { source } = useSite();
  const feed = useFeed();
  return (change) => {
    source.change(feed.id, change).then(
      () => onError(''),
      (error) => onError(wordsOf(error)),
    );
  };
}

function PauseButton({ run, onError }: Props) {
  const change = useChange(onError);
  const paused = run.state === 'paused';
  if (run.state !== 'running' && !paused) return null;
  return (
    <button type="button" onClick={() => change({ paused: !paused })}>
      <span aria-hidden="true">{paused ? '▶ ' : '❚❚ '}</span>
      {paused ? 'Resume' : 'Pause'}
    </button>
  );
}

function Scale({ run, onError }: Props) {
  const change = useChange(onError);
  const [rate, setRate] = useState('');
  const scale = (users: number) => change({ users, spawn_rate: spawnRateFor(run, users, rate) });
  if (run.state !== 'running' && run.state !== 'paused') return null;
  return (
    <>
      {run.options.open_model ? (
        <LoadSlider
          name="Arrival rate, % of the profile"
          value={arrivalPercentOf(run)}
          step={5}
          onChange={(percent) => change({ arrival_factor: percent / 100 })}
        />
      ) : (
        <LoadSlider name="Users" value={goalOf(run)} step={1} onChange={scale}>
          <label class="inline" title={spawnRateWords(run)}>
            <span>at</span>
            <span class="unseen">spawn rate</span>
            <input
              type="number"
              min={0}
              step="any"
              class="rate"
              value={rate}
              placeholder={String(run.options.spawn_rate || 'all')}
              onInput={(event) => setRate(event.currentTarget.value)}
            />
            <span>/s</span>
          </label>
        </LoadSlider>
      )}
      {run.overridden && (
        <button type="button" onClick={() => change({ clear: true })}>
          Back to the profile
        </button>
      )}
    </>
  );
}
