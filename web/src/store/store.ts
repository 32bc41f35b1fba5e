// A value that components read and re-render with. One writer, any number of readers.
import { useEffect, useReducer, useRef } from 'preact/hooks';

export class Store<T> {
  #value: T;
  readonly #readers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const reader of [...this.#readers]) reader();
  }

  update(part: Partial<T>): void {
    this.set({ ...this.#value, ...part });
  }

  subscribe(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

// What `pick` makes of the store's value; re-renders only when that is another one.
export function useStore<T, S>(store: Store<T>, pick: (value: T) => S): S {
  const [, rerender] = useReducer((count: number) => count + 1, 0);
  const picked = pick(store.value);
  const last = useRef(picked);
  const pickNow = useRef(pick);
  last.current = picked;
  pickNow.current = pick;
  useEffect(() => {
    const look = () => {
      if (!Object.is(pickNow.current(store.value), last.current)) rerender(0);
    };
    look(); // what has changed between rendering and now
    return store.subscribe(look);
  }, [store]);
  return picked;
}
