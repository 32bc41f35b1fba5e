// The beginnings of a run's data, and what a whole view makes of it.
import type { View } from '../api';
import { PointLine } from './point_line';
import type { RunData } from './run_feed';

// What is kept of a log that goes on for a day.
const EVENTS_MAX = 2000;

export function emptyRunData(): RunData {
  return {
    run: null,
    stats: null,
    failures: null,
    exceptions: null,
    agents: null,
    tasks: null,
    heat: null,
    events: [],
    line: new PointLine(),
    line_version: 0,
    connection: 'loading',
    retry_at: null,
    error: '',
  };
}

// Everything anew; the line stays the same object.
export function withView(data: RunData, view: View): RunData {
  const { points, ...parts } = view;
  data.line.apply({ ...points, from: 0 });
  return { ...data, ...parts, line_version: data.line_version + 1 };
}

export function withEvents(data: RunData, more: RunData['events']): RunData {
  const last = data.events.at(-1)?.number ?? -1;
  const fresh = more.filter((event) => event.number > last);
  return fresh.length ? { ...data, events: [...data.events, ...fresh].slice(-EVENTS_MAX) } : data;
}
