// Errors in tasks: message and traceback, to be unfolded; long lists a piece at a time.
import { useMemo, useState } from 'preact/hooks';

import { Text } from '../components/text';
import { count } from '../format/format';
import { printing } from '../store/printing';
import { usePart } from '../store/run_feed';
import { useStore } from '../store/store';
import { rowReader } from './table_rows';

const SHOWN_AT_ONCE = 100;
const TRACEBACK_LENGTH_MAX = 100_000;

interface Exception {
  count: number;
  message: string;
  traceback: string;
  agents: string;
}

export function ExceptionsPage() {
  const table = usePart('exceptions');
  const [words, setWords] = useState('');
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  const all = useMemo<Exception[]>(() => {
    if (!table) return [];
    const { text, value } = rowReader(table);
    return table.rows
      .map((row) => ({
        count: value(row, 'count') ?? 0,
        message: text(row, 'message'),
        traceback: text(row, 'traceback'),
        agents: text(row, 'agents'),
      }))
      .sort((a, b) => b.count - a.count);
  }, [table]);
  if (!table) return <p class="loading">Loading …</p>;
  if (all.length === 0) return <p class="empty">No task has gone wrong.</p>;
  const wanted = words.trim().toLowerCase();
  const found = all.filter(({ message, traceback }) =>
    `${message}\n${traceback}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <div class="tools">
        <input
          type="search"
          aria-label="Filter: exceptions"
          placeholder="Filter"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span class="muted">
          {count(found.length)} different ones, the most frequent first
          {table.left_out > 0 && `, ${count(table.left_out)} more are left out`}
        </span>
      </div>
      <ul class="exceptions">
        {found.slice(0, shown).map((exception) => (
          <li key={`${exception.message}\n${exception.traceback}`}>
            <Entry exception={exception} />
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="empty">No exception has these words.</p>}
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + SHOWN_AT_ONCE)}>
          Show {count(Math.min(SHOWN_AT_ONCE, found.length - shown))} more
        </button>
      )}
    </>
  );
}

function Entry({ exception }: { exception: Exception }) {
  const onPaper = useStore(printing, (value) => value);
  const head = (
    <>
      <strong class="times">{count(exception.count)} ×</strong>{' '}
      <Text value={exception.message} length={500} />
      {exception.agents && (
        <span class="muted">
          {' '}
          on <Text value={exception.agents} length={200} />
        </span>
      )}
    </>
  );
  if (!exception.traceback) return <p class="exception">{head}</p>;
  return (
    <details open={onPaper || undefined}>
      <summary>{head}</summary>
      <pre tabIndex={0} aria-label="Traceback">
        <Text value={exception.traceback} length={TRACEBACK_LENGTH_MAX} lines />
      </pre>
    </details>
  );
}
