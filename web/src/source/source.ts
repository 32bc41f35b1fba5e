// Where the page has its data from: a server (live.ts) or the report that it is in (frozen.ts).
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Change, RunItem, RunState, Server, StartRequest } from '../api';
import type { RunFeed } from '../store/run_feed';

// What the server has answered in the place of what was asked for. The message is for people.
export class ApiError extends Error {
  constructor(
    readonly status: number, // HTTP; 0: no answer at all
    readonly code: string, // "INVALID_ARGUMENT", "NOT_FOUND"
    message: string,
  ) {
    super(message);
  }
}

export interface RunPage {
  runs: RunItem[];
  next_page: string | null;
}

export interface RunQuery {
  limit?: number;
  page?: string;
  plan?: string;
  state?: 'pending' | 'running' | 'finished' | 'failed';
}

export interface JoinedAgent {
  id: string;
  name: string;
  version: string;
  shards: number;
  cpu_count: number;
  address: string;
  run_id: string | null;
  joined_at: string;
}

export type ReportFormat =
  | 'json'
  | 'csv_stats'
  | 'csv_failures'
  | 'csv_exceptions'
  | 'csv_history'
  | 'html'
  | 'junit'
  | 'markdown'
  | 'text';

// Every promise is rejected with an ApiError.
export interface Source {
  readonly frozen: boolean;
  server(): Promise<Server>;
  // Calls `listener` with every answer of server(), whoever has asked, until what is returned is
  // called: the program may be started again, with other plans.
  onServer(listener: (server: Server) => void): () => void;
  runs(query: RunQuery): Promise<RunPage>;
  agents(): Promise<JoinedAgent[]>;
  // What `squall compare --json` writes (docs/report-json.md).
  compare(base: string, run: string): Promise<unknown>;
  start(request: StartRequest): Promise<RunItem>;
  change(id: string, change: Change): Promise<RunItem>;
  stop(id: string, immediate: boolean): Promise<RunItem>;
  remove(id: string): Promise<void>;
  // Null where there is nothing to download from.
  reportUrl(id: string, format: ReportFormat): string | null;
  logOut(): Promise<void>;
  follow(id: string): RunFeed;
}

export interface Site {
  source: Source;
  server: Server;
}

export const SiteContext = createContext<Site | null>(null);

export function useSite(): Site {
  const site = useContext(SiteContext);
  if (!site) throw new Error('useSite outside of the app');
  return site;
}

export function isOver(state: RunState): boolean {
  return state === 'finished' || state === 'failed';
}

// The words of a failure, whatever it is.
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
