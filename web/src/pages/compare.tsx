// Two runs side by side: verdicts, options, every figure of every request, and their lines over one
// another. Base and run are in the address, so that the comparison can be sent to somebody.
import { useEffect, useState } from 'preact/hooks';

import type { RunItem } from '../api';
import { Notice } from '../components/notice';
import { instant } from '../format/format';
import { cut, harmless } from '../format/text';
import { navigate, useRoute } from '../router';
import { useSite, wordsOf } from '../source/source';
import type { RunData, RunFeed } from '../store/run_feed';
import { useStore } from '../store/store';
import { CompareCharts } from './compare_charts';
import { CompareOptions } from './compare_options';
import { CompareTable } from './compare_table';
import { compareAddress } from './run_address';

const RUNS_MAX = 1000;

export function ComparePage() {
  const { query } = useRoute();
  const { source } = useSite();
  const [runs, setRuns] = useState<RunItem[]>([]);
  const [error, setError] = useState('');
  useEffect(() => {
    document.title = 'Compare · Squall';
    source.runs({ limit: RUNS_MAX }).then(
      (list) => setRuns(list.runs),
      (reason) => setError(wordsOf(reason)),
    );
  }, [source]);
  const base = query.get('base') ?? '';
  const run = query.get('run') ?? '';
  const show = (nextBase: string, nextRun: string) =>
    navigate(compareAddress(nextBase, nextRun), 'replace');
  return (
    <section aria-labelledby="compare-title">
      <h1 id="compare-title">Compare two runs</h1>
      {error && (
        <Notice kind="error" title="The list of runs did not come" live>
          {error}
        </Notice>
      )}
      <div class="tools">
        <RunSelect label="Base" value={base} runs={runs} onChange={(id) => show(id, run)} />
        <RunSelect label="Run" value={run} runs={runs} onChange={(id) => show(base, id)} />
        <button type="button" disabled={!base || !run} onClick={() => show(run, base)}>
          <span aria-hidden="true">⇄ </span>Swap
        </button>
      </div>
      {base && run ? (
        <Comparison key={`${base} ${run}`} base={base} run={run} />
      ) : (
        <p>Choose two runs.</p>
      )}
    </section>
  );
}

// An option has no elements inside, so strangers' names are made harmless as text.
function wordsFor(item: RunItem): string {
  const plan = harmless(cut(item.plan || 'Unnamed plan', 50));
  return `${instant(item.started_at)} · ${item.verdict ?? item.state} · ${plan}`;
}

interface SelectProps {
  label: string;
  value: string;
  runs: RunItem[];
  onChange: (id: string) => void;
}

function RunSelect({ label, value, runs, onChange }: SelectProps) {
  const known = runs.some(({ id }) => id === value);
  return (
    <label class="run-select">
      {label}{' '}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {!value && <option value="">Choose a run</option>}
        {value && !known && <option value={value}>{harmless(cut(value, 60))}</option>}
        {runs.map((item) => (
          <option key={item.id} value={item.id}>
            {wordsFor(item)}
          </option>
        ))}
      </select>
    </label>
  );
}

function useRunData(id: string): RunData {
  const { source } = useSite();
  const [feed] = useState<RunFeed>(() => source.follow(id));
  useEffect(() => {
    const leave = feed.show('stats');
    return () => (leave(), feed.close());
  }, [feed]);
  return useStore(feed.data, (data) => data);
}

function Comparison({ base, run }: { base: string; run: string }) {
  const before = useRunData(base);
  const after = useRunData(run);
  for (const [data, which] of [
    [before, 'base'],
    [after, 'run'],
  ] as const) {
    if (data.connection === 'gone' || (data.connection === 'lost' && data.run === null)) {
      return (
        <Notice kind="error" title={`The ${which} could not be read`} live>
          {data.error}
        </Notice>
      );
    }
  }
  if (!before.run || !after.run || !before.stats || !after.stats)
    return <p class="loading">Loading the runs …</p>;
  return (
    <>
      <CompareOptions base={before.run} run={after.run} />
      <h2>Requests</h2>
      <CompareTable base={before.stats} run={after.stats} />
      <h2>Over time</h2>
      <CompareCharts
        base={before.line.columns}
        run={after.line.columns}
        version={before.line_version + after.line_version}
      />
    </>
  );
}
