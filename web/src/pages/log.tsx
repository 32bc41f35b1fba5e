// What has happened in the run, the newest first; long logs a piece at a time.
import { useMemo, useState } from 'preact/hooks';

import { Text } from '../components/text';
import { count, instant } from '../format/format';
import { useRun } from '../store/run_feed';

const SHOWN_AT_ONCE = 200;

export function LogPage() {
  const events = useRun((data) => data.events);
  const [words, setWords] = useState('');
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  const found = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    return events.filter(({ text }) => text.toLowerCase().includes(wanted)).reverse();
  }, [events, words]);
  return (
    <>
      <div class="tools">
        <input
          type="search"
          aria-label="Filter: log"
          placeholder="Filter"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span class="muted">
          {count(found.length)} {found.length === 1 ? 'event' : 'events'}, the newest first
        </span>
      </div>
      {found.length === 0 ? (
        <p>{words ? 'No event has these words.' : 'Nothing has happened yet.'}</p>
      ) : (
        <ol class="log" reversed>
          {found.slice(0, shown).map((event) => (
            <li key={event.number}>
              <time dateTime={event.at}>{instant(event.at)}</time>{' '}
              <Text value={event.text} length={500} lines />
            </li>
          ))}
        </ol>
      )}
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + SHOWN_AT_ONCE)}>
          Show {count(Math.min(SHOWN_AT_ONCE, found.length - shown))} more
        </button>
      )}
    </>
  );
}
