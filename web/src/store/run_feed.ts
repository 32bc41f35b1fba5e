// A run as a page sees it, live or frozen: values that change under the reader.
import { createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';

import type { Heat, Run, RunEvent, Table, TaskShare } from '../api';
import type { PointLine } from './point_line';
import { useStore, type Store } from './store';

// What is fetched only while somebody looks at it.
export type Part = 'stats' | 'failures' | 'exceptions' | 'agents' | 'tasks' | 'heat';

export type Connection =
  | 'loading' // nothing is here yet
  | 'live'
  | 'lost' // the server does not answer; the run may well go on
  | 'over' // the run is over: nothing changes any more
  | 'gone'; // there is no such run: `error` says why

export interface RunData {
  run: Run | null;
  stats: Table | null;
  failures: Table | null;
  exceptions: Table | null;
  agents: Table | null;
  tasks: TaskShare[] | null;
  heat: Heat | null;
  events: RunEvent[];
  line: PointLine; // the same object all the time; line_version counts its changes
  line_version: number;
  connection: Connection;
  retry_at: number | null; // Date.now() of the next attempt, while the connection is lost
  error: string;
}

export interface RunFeed {
  readonly id: string;
  readonly data: Store<RunData>;
  // Keeps the part fresh until the returned function is called.
  show(part: Part): () => void;
  // Asks at once whether there is anything new, and not only when the next attempt is due.
  refresh(): void;
  close(): void;
}

export const FeedContext = createContext<RunFeed | null>(null);

export function useFeed(): RunFeed {
  const feed = useContext(FeedContext);
  if (!feed) throw new Error('useFeed outside of a run');
  return feed;
}

// What `pick` makes of the run's data: useRun((data) => data.run?.users).
export function useRun<S>(pick: (data: RunData) => S): S {
  return useStore(useFeed().data, pick);
}

// A part, kept fresh as long as the component is there; null until it has come.
export function usePart<P extends Part>(part: P): RunData[P] {
  const feed = useFeed();
  useEffect(() => feed.show(part), [feed, part]);
  return useStore(feed.data, (data) => data[part]);
}
