// A run of a server: its view once, then what the event stream says, and of the tables what is
// looked at. When the connection breaks it comes back by itself and goes on where it was.
import type { Points, Run, RunEvent, Server, View } from '../api';
import { emptyRunData, withEvents, withView } from '../store/run_data';
import type { Part, RunData, RunFeed } from '../store/run_feed';
import { Store } from '../store/store';
import { ask, askJson, runUrl } from './live';
import { freshEvery, pauseBefore } from './pause';
import { ApiError, isOver, wordsOf } from './source';

const PARTS: Part[] = ['stats', 'failures', 'exceptions', 'agents', 'tasks', 'heat'];
const TICK_MS = 250;
const SLOW_PART_MS = 5000; // the heat map and the task ratio
const SILENCE_MS = 15_000; // then somebody asks whether the server is still there
const ANSWER_MS_MAX = 60_000;
// A page that nobody sees gives its stream back: browsers allow six connections to a server, and
// whoever opens many runs in tabs would wait for the seventh.
const UNSEEN_MS = 20_000;

interface PartState {
  shown: number; // how many look at it
  version: number; // of the tables, when it was fetched; -1: must be fetched
  fetched_at: number;
  etag: string;
  busy: boolean;
}

export class LiveFeed implements RunFeed {
  readonly data: Store<RunData>;
  readonly #parts: Record<Part, PartState>;
  readonly #closing = new AbortController();
  readonly #ticker: ReturnType<typeof setInterval>;
  #stream: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0; // failed ones since the last event
  #newest = 0; // version of the tables at the server
  #instance: string | undefined;
  #heard_at = 0;
  #unseen_since = 0;
  #parked = false;

  constructor(
    readonly id: string,
    readonly askServer: (init: RequestInit) => Promise<Server>,
  ) {
    this.data = new Store(emptyRunData());
    this.#parts = Object.fromEntries(
      PARTS.map((part) => [part, { shown: 0, version: 0, fetched_at: 0, etag: '', busy: false }]),
    ) as Record<Part, PartState>;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener('visibilitychange', this.#look, { signal: this.#closing.signal });
    this.#look();
    void this.#load();
  }

  show(part: Part): () => void {
    this.#parts[part].shown += 1;
    this.#tick();
    return () => {
      this.#parts[part].shown -= 1;
    };
  }

  refresh(): void {
    if (this.data.value.connection === 'lost') {
      clearTimeout(this.#retry);
      void this.#connect();
    }
  }

  close(): void {
    this.#closing.abort();
    clearInterval(this.#ticker);
    clearTimeout(this.#retry);
    this.#stream?.close();
  }

  readonly #look = (): void => {
    this.#unseen_since = document.hidden ? Date.now() : 0;
    if (document.hidden || !this.#parked) return;
    this.#parked = false;
    void this.#connect();
  };

  // The whole view, then the stream.
  async #load(): Promise<void> {
    try {
      const view = await askJson<View>(runUrl(this.id, 'view'), this.#init());
      const over = isOver(view.run.state);
      this.#attempt = 0;
      this.data.set({
        ...withView(this.data.value, view),
        connection: over ? 'over' : 'live',
        retry_at: null,
        error: '',
      });
      const now = Date.now();
      for (const part of PARTS) Object.assign(this.#parts[part], { fetched_at: now, etag: '' });
      if (over) return;
      this.#instance ??= (await this.askServer(this.#init())).instance;
      this.#openStream();
    } catch (error) {
      this.#failed(error);
    }
  }

  // After a break. A server that was not started again goes on where the line ends.
  async #connect(): Promise<void> {
    try {
      const { instance } = await this.askServer(this.#init());
      const same =
        instance !== undefined && instance === this.#instance && this.data.value.run !== null;
      this.#instance = instance;
      if (same && this.#attempt <= 1) this.#openStream();
      else await this.#load();
    } catch (error) {
      this.#failed(error);
    }
  }

  #init(): RequestInit {
    const signal = this.#closing.signal;
    if (typeof AbortSignal.any !== 'function') return { signal };
    return { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]) };
  }

  #openStream(): void {
    if (this.#closing.signal.aborted) return;
    this.#stream?.close();
    const { line, events } = this.data.value;
    const known = new URLSearchParams({
      points: String(line.length),
      events: String((events.at(-1)?.number ?? -1) + 1),
    });
    if (line.length) known.set('step', String(line.step));
    const stream = new EventSource(`${runUrl(this.id, 'stream')}?${known}`);
    this.#stream = stream;
    this.#heard_at = Date.now();
    const on = <T>(name: string, use: (value: T) => void) =>
      stream.addEventListener(name, (event) => {
        if (stream !== this.#stream) return;
        this.#heard();
        use(JSON.parse((event as MessageEvent<string>).data) as T);
      });
    stream.onopen = () => stream === this.#stream && this.#heard();
    stream.onerror = () =>
      stream === this.#stream &&
      this.#failed(new ApiError(0, 'UNAVAILABLE', 'The connection broke'));
    on<Run>('run', (run) => this.data.update({ run }));
    on<Points>('points', (points) => this.#take(points));
    on<RunEvent[]>('events', (more) => this.data.set(withEvents(this.data.value, more)));
    on<{ version: number }>('tables', ({ version }) => {
      this.#newest = version;
      this.#tick();
    });
    on('end', () => {
      this.#closeStream();
      void this.#load();
    });
  }

  #closeStream(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  #heard(): void {
    this.#heard_at = Date.now();
    this.#attempt = 0;
    if (this.data.value.connection !== 'live') {
      this.data.update({ connection: 'live', retry_at: null, error: '' });
      for (const part of PARTS) this.#parts[part].version = -1;
    }
  }

  #take(points: Points): void {
    const { line, line_version } = this.data.value;
    if (line.apply(points)) {
      this.data.update({ line_version: line_version + 1 });
    } else {
      this.#closeStream();
      void this.#load();
    }
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#closeStream();
    if (error instanceof ApiError && error.status === 404) {
      this.data.update({ connection: 'gone', error: wordsOf(error) });
      return;
    }
    const pause = pauseBefore(this.#attempt, Math.random());
    this.#attempt += 1;
    this.data.update({ connection: 'lost', retry_at: Date.now() + pause, error: wordsOf(error) });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), pause);
  }

  // Fetches what is shown and old. A page that nobody sees fetches nothing.
  #tick(): void {
    if (this.data.value.connection !== 'live' || !this.#stream) return;
    const now = Date.now();
    if (this.#unseen_since && now - this.#unseen_since > UNSEEN_MS) {
      this.#parked = true;
      this.#closeStream();
      return;
    }
    if (now - this.#heard_at > SILENCE_MS) void this.#askWhetherThere();
    if (document.hidden) return;
    for (const part of PARTS) {
      const state = this.#parts[part];
      const old = state.version < this.#newest && now - state.fetched_at >= this.#pace(part);
      if (state.shown > 0 && !state.busy && (old || state.version < 0))
        void this.#fetch(part, state);
    }
  }

  #pace(part: Part): number {
    if (part === 'tasks' || part === 'heat') return SLOW_PART_MS;
    return freshEvery(this.data.value[part]?.rows.length ?? 0);
  }

  async #fetch(part: Part, state: PartState): Promise<void> {
    state.busy = true;
    const version = this.#newest;
    try {
      // The browser's own cache would hide a 304, and the table would be read again.
      const headers: HeadersInit = state.etag ? { 'If-None-Match': state.etag } : {};
      const response = await ask(runUrl(this.id, part), {
        ...this.#init(),
        headers,
        cache: 'no-store',
      });
      if (response.status !== 304) {
        const value = await response.json();
        // Meanwhile the run may have ended, and the view of its end is the better one.
        if (this.data.value.connection === 'live') this.data.update({ [part]: value });
        state.etag = response.headers.get('ETag') ?? '';
      }
      state.version = version;
    } catch {
      // The stream says whether the server is there; the part is asked for again.
    } finally {
      state.busy = false;
      state.fetched_at = Date.now();
    }
  }

  async #askWhetherThere(): Promise<void> {
    this.#heard_at = Date.now();
    try {
      this.data.update({ run: await askJson<Run>(runUrl(this.id), this.#init()) });
    } catch (error) {
      this.#failed(error);
    }
  }
}
