// The report that the page is part of as the source: a view inside of
// <script id="squall-data">, gzip in base64, or plain JSON.
import type { Server, View } from '../api';
import { emptyRunData, withView } from '../store/run_data';
import type { Part, RunData, RunFeed } from '../store/run_feed';
import { Store } from '../store/store';
import { ApiError, type Source } from './source';

export const DATA_ID = 'squall-data';

export async function readFrozenView(text: string): Promise<View> {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return JSON.parse(trimmed) as View;
  const packed = Uint8Array.from(atob(trimmed), (char) => char.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(plain).json()) as View;
}

class FrozenFeed implements RunFeed {
  readonly data: Store<RunData>;

  constructor(
    readonly id: string,
    view: View,
  ) {
    this.data = new Store({ ...withView(emptyRunData(), view), connection: 'over' as const });
  }

  show(_part: Part): () => void {
    return () => {};
  }

  refresh(): void {}
  close(): void {}
}

function refuse(): Promise<never> {
  return Promise.reject(new ApiError(0, 'UNIMPLEMENTED', 'A report is a file: nothing answers'));
}

export class FrozenSource implements Source {
  readonly frozen = true;
  readonly #feed: FrozenFeed;
  readonly #version: string;

  constructor(view: View) {
    this.#feed = new FrozenFeed(view.run.id, view);
    this.#version = view.run.squall_version;
  }

  onServer(): () => void {
    return () => {};
  }

  async server(): Promise<Server> {
    return {
      version: this.#version,
      program: 'report',
      can: {
        start: false,
        start_text: false,
        one_at_a_time: true,
        scale: false,
        pause: false,
        stages: false,
        stop: false,
        remove: false,
        agents: false,
      },
      plans: [],
      login: false,
    };
  }

  follow(): RunFeed {
    return this.#feed;
  }

  get id(): string {
    return this.#feed.id;
  }

  reportUrl(): null {
    return null;
  }

  runs = refuse;
  agents = refuse;
  compare = refuse;
  start = refuse;
  change = refuse;
  stop = refuse;
  remove = refuse;
  logOut = refuse;
}
