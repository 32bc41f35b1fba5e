// A server (docs/api.md) as the source.
import type { Change, RunItem, Server, StartRequest } from '../api';
import type { RunFeed } from '../store/run_feed';
import { LiveFeed } from './live_feed';
import {
  ApiError,
  type JoinedAgent,
  type ReportFormat,
  type RunPage,
  type RunQuery,
  type Source,
} from './source';

export const API = '/api/v1';

export function runUrl(id: string, part = ''): string {
  return `${API}/runs/${encodeURIComponent(id)}${part && `/${part}`}`;
}

// The server's answer, whose status is good or 304. Whoever is not logged in is sent to do so.
export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'UNAVAILABLE', 'The server does not answer');
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) {
    const here = location.pathname + location.search;
    location.assign(`/login?next=${encodeURIComponent(here)}`);
  }
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const { code, message } = JSON.parse(text).error;
    return new ApiError(response.status, String(code), String(message));
  } catch {
    const words =
      text && text.length < 300
        ? text
        : `The server says ${response.status} ${response.statusText}`;
    return new ApiError(response.status, 'UNKNOWN', words.trim());
  }
}

export async function askJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  return (await ask(url, init)).json() as Promise<T>;
}

function body(method: string, value: unknown): RequestInit {
  return { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

export class LiveSource implements Source {
  readonly frozen = false;
  readonly #listeners = new Set<(server: Server) => void>();

  async server(init: RequestInit = {}): Promise<Server> {
    const server = await askJson<Server>(`${API}/server`, init);
    for (const listener of this.#listeners) listener(server);
    return server;
  }

  onServer(listener: (server: Server) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  runs(query: RunQuery): Promise<RunPage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return askJson(`${API}/runs?${search}`);
  }

  async agents(): Promise<JoinedAgent[]> {
    return (await askJson<{ agents: JoinedAgent[] }>(`${API}/agents`)).agents;
  }

  compare(base: string, run: string): Promise<unknown> {
    return askJson(`${API}/compare?${new URLSearchParams({ base, run })}`);
  }

  start(request: StartRequest): Promise<RunItem> {
    return askJson(`${API}/runs`, body('POST', request));
  }

  change(id: string, change: Change): Promise<RunItem> {
    return askJson(runUrl(id), body('PATCH', change));
  }

  stop(id: string, immediate: boolean): Promise<RunItem> {
    return askJson(runUrl(id, 'stop'), body('POST', immediate ? { immediate } : {}));
  }

  async remove(id: string): Promise<void> {
    await ask(runUrl(id), { method: 'DELETE' });
  }

  reportUrl(id: string, format: ReportFormat): string {
    return `${runUrl(id, 'report')}?format=${format}`;
  }

  async logOut(): Promise<void> {
    await ask('/logout', { method: 'POST' });
    location.assign('/login');
  }

  follow(id: string): RunFeed {
    return new LiveFeed(id, (init) => this.server(init));
  }
}
