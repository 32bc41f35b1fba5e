// All runs that the server keeps: to look into, to compare, to remove.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import type { RunItem } from '../api';
import { DataTable } from '../components/data_table';
import { Notice } from '../components/notice';
import { navigate } from '../router';
import { useSite, wordsOf, type RunPage, type RunQuery } from '../source/source';
import { compareAddress } from './run_address';
import { joinPages, withMore } from './run_pages';
import { columnsOf, textOf } from './runs_table';

const PAGE_SIZE = 200;
const REFRESH_MS = 3000;

type StateChoice = NonNullable<RunQuery['state']> | '';

const STATE_CHOICES: [StateChoice, string][] = [
  ['', 'in any state'],
  ['running', 'going on'],
  ['finished', 'finished'],
  ['failed', 'failed'],
  ['pending', 'waiting'],
];

// The first page anew every few seconds; what somebody has asked for behind it stays.
function useRuns(state: StateChoice) {
  const { source } = useSite();
  const [list, setList] = useState<RunPage | null>(null);
  const [error, setError] = useState('');
  const wanted = useRef(state);
  wanted.current = state;
  const ask = useCallback(
    async (page: string, use: (known: RunPage | null, answer: RunPage) => RunPage) => {
      // What was asked before another state was chosen is no answer any more.
      const still = () => wanted.current === state;
      try {
        const answer = await source.runs({ limit: PAGE_SIZE, page, ...(state && { state }) });
        if (!still()) return;
        setList((known) => use(known, answer));
        setError('');
      } catch (reason) {
        if (still()) setError(wordsOf(reason));
      }
    },
    [source, state],
  );
  const refresh = useCallback(() => void ask('', joinPages), [ask]);
  const more = () =>
    void ask(list?.next_page ?? '', (known, page) => (known ? withMore(known, page) : page));
  useEffect(() => {
    setList(null);
    refresh();
    const timer = setInterval(() => document.hidden || refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  return { runs: list?.runs ?? null, next: list?.next_page ?? null, error, more, refresh };
}

export function RunsPage() {
  const { source, server } = useSite();
  const [state, setState] = useState<StateChoice>('');
  const { runs, next, error, more, refresh } = useRuns(state);
  const [chosen, setChosen] = useState<string[]>([]);
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    document.title = 'Runs · Squall';
  }, []);
  const choose = (id: string) =>
    // A third one takes the place of the first.
    setChosen((now) =>
      now.includes(id) ? now.filter((one) => one !== id) : [...now.slice(-1), id],
    );
  const remove = (run: RunItem) =>
    source.remove(run.id).then(
      () => (setTrouble(''), setChosen((now) => now.filter((id) => id !== run.id)), refresh()),
      (reason) => setTrouble(wordsOf(reason)),
    );
  return (
    <section aria-labelledby="runs-title">
      <h1 id="runs-title">Runs</h1>
      {(error || trouble) && (
        <Notice
          kind="error"
          title={trouble ? 'The run was not removed' : 'The list is not up to date'}
          live
        >
          {trouble || error}
        </Notice>
      )}
      <div class="tools">
        <label>
          Runs{' '}
          <select
            value={state}
            onChange={(event) => setState(event.currentTarget.value as StateChoice)}
          >
            {STATE_CHOICES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <CompareButton chosen={chosen} runs={runs ?? []} />
      </div>
      {runs === null ? (
        !error && <p class="loading">Loading …</p>
      ) : (
        <DataTable
          name="runs"
          caption="Runs, the newest first"
          columns={columnsOf(chosen, choose, server.can.remove ? remove : null)}
          rows={runs}
          rowKey={(run) => run.id}
          filterText={textOf}
          empty={state ? 'There is no such run.' : 'There has been no run yet.'}
        />
      )}
      {next !== null && (
        <button type="button" onClick={more}>
          Show older runs
        </button>
      )}
    </section>
  );
}

function CompareButton({ chosen, runs }: { chosen: string[]; runs: RunItem[] }) {
  // The older one is the base.
  const pair = runs
    .filter(({ id }) => chosen.includes(id))
    .map(({ id }) => id)
    .reverse();
  const ready = pair.length === 2;
  return (
    <>
      <button
        type="button"
        class="primary"
        disabled={!ready}
        onClick={() => navigate(compareAddress(pair[0]!, pair[1]!))}
      >
        Compare
      </button>
      <span class="muted" role="status">
        {ready
          ? ''
          : chosen.length === 1
            ? 'Choose one more run to compare'
            : 'Choose two runs to compare'}
      </span>
    </>
  );
}
