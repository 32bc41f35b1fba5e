// What the start form's fields mean: their first values from a plan's offer, and the request that
// they make. Pure. Only what somebody has changed is sent, so the plan keeps the rest (a host with
// a password, for one, which no page ever sees).
import type { PlanOffer, PlannedPoint, Stage, StartRequest } from '../api';
import { duration, parseDuration } from '../format/format';

export interface StartFields {
  text: string; // a plan in the place of the offered ones
  users: string;
  spawn_rate: string;
  arrivals: boolean; // they drive the load, at most at this rate; not users
  arrival_rate: string;
  host: string;
  run_time: string;
  iterations: string;
  stop_timeout: string;
  seed: string;
  tags: string;
  exclude_tags: string;
  user_classes: string[]; // empty: all
  stages: Stage[] | null; // drawn ones
  options: Record<string, string>;
}

export type StartErrors = Partial<Record<keyof StartFields | `option ${string}`, string>>;

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

export function fieldsOf(offer: PlanOffer | undefined): StartFields {
  return {
    text: '',
    users: shown(offer?.users),
    spawn_rate: shown(offer?.spawn_rate),
    arrivals: offer?.open_model ?? false,
    arrival_rate: shown(offer?.arrival_rate),
    host: offer?.host ?? '',
    run_time: offer?.run_time_seconds ? duration(offer.run_time_seconds) : '',
    iterations: shown(offer?.iterations),
    stop_timeout: known(offer?.stop_timeout_seconds) ? duration(offer!.stop_timeout_seconds) : '',
    seed: offer?.seed ?? '',
    tags: offer?.only_tags.join(', ') ?? '',
    exclude_tags: offer?.exclude_tags.join(', ') ?? '',
    user_classes: [],
    stages: null,
    options: Object.fromEntries((offer?.options ?? []).map(({ name, value }) => [name, value])),
  };
}

const known = (value: number | null | undefined) => value !== null && value !== undefined;
const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

// Reads one field into the request, or says what it must be. One that had a value and is empty now
// is sent as null: silence would leave it as it was.
class Reader {
  readonly request: StartRequest = {};
  readonly errors: StartErrors = {};

  constructor(
    private readonly fields: StartFields,
    private readonly first: StartFields,
  ) {}

  // Null: it is not. Otherwise what it is now, which may be nothing.
  changed(field: keyof StartFields): string | null {
    const value = String(this.fields[field]).trim();
    return value === String(this.first[field]).trim() ? null : value;
  }

  iterations(): void {
    const text = this.changed('iterations');
    if (text === null) return;
    const value = Number(text);
    if (text === '') this.request.iterations = null;
    else if (whole(value) && value > 0) this.request.iterations = value;
    else this.errors.iterations = 'Must be a whole number above 0';
  }

  seed(): void {
    const text = this.changed('seed');
    if (text === null) return;
    if (text === '') this.request.seed = null;
    else if (/^\d{1,20}$/.test(text)) this.request.seed = text;
    else this.errors.seed = 'Must be a whole number';
  }

  host(): void {
    const text = this.changed('host');
    if (text === null) return;
    if (text === '') this.request.host = null;
    else if (/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text)) this.request.host = text;
    else this.errors.host = 'Must be an address such as http://127.0.0.1:8080';
  }

  tags(field: 'tags' | 'exclude_tags'): void {
    const text = this.changed(field);
    if (text !== null) this.request[field] = words(text);
  }

  // Users and spawn rate go together, as they are seen in the form.
  load(offer: PlanOffer | undefined): void {
    if (this.changed('users') === null && this.changed('spawn_rate') === null) return;
    const users = this.fields.users.trim();
    const rate = this.fields.spawn_rate.trim();
    if (users === '' && offer && !(offer.has_shape && rate === '')) {
      this.errors.users = offer.has_shape ? 'Must be given with a spawn rate' : 'Must be given';
    } else if (users !== '') {
      if (whole(Number(users))) this.request.users = Number(users);
      else this.errors.users = 'Must be a whole number';
    }
    if (rate !== '') {
      if (Number(rate) > 0 && Number.isFinite(Number(rate))) this.request.spawn_rate = Number(rate);
      else this.errors.spawn_rate = 'Must be a number above 0';
    } else if (offer?.has_shape && this.request.users !== undefined) {
      this.request.spawn_rate = rateOf(this.fields);
    } else if (offer && !offer.has_shape) {
      this.errors.spawn_rate = 'Must be given';
    }
  }

  // A load of users becomes one of arrivals, which must have an end.
  arrivals(offer: PlanOffer | undefined): void {
    if (offer?.open_model && this.changed('arrival_rate') === null) return;
    const rate = Number(this.fields.arrival_rate);
    if (this.fields.arrival_rate.trim() === '') this.errors.arrival_rate = 'Must be given';
    else if (rate > 0 && Number.isFinite(rate)) this.request.arrival_rate = rate;
    else this.errors.arrival_rate = 'Must be a number above 0';
    if (offer && !offer.open_model && !offer.has_shape && this.fields.run_time.trim() === '')
      this.errors.run_time = 'Must be given with an arrival rate';
  }

  span(
    field: 'run_time' | 'stop_timeout',
    into: 'run_time_seconds' | 'stop_timeout_seconds',
    zero: boolean,
  ): void {
    const text = this.changed(field);
    if (text === null) return;
    const seconds = parseDuration(text);
    if (text === '') this.request[into] = null;
    else if (seconds !== null && (seconds > 0 || zero)) this.request[into] = seconds;
    else this.errors[field] = 'Must be a time such as 30s, 1m30s or 2h';
  }
}

const whole = (value: number) => Number.isSafeInteger(value) && value >= 0;

// Where none is typed all users start within a second.
const rateOf = ({ users, spawn_rate }: StartFields) =>
  Number(spawn_rate) || Math.max(1, Number(users));

export function requestOf(
  fields: StartFields,
  offer: PlanOffer | undefined,
): { request: StartRequest; errors: StartErrors } {
  const reader = new Reader(fields, fieldsOf(offer));
  const { request, errors } = reader;
  if (fields.text.trim()) request.text = fields.text;
  else if (offer) request.plan = offer.name;
  else errors.text = 'Must hold a plan';

  const given = fields.text.trim() ? undefined : offer;
  if (fields.arrivals) reader.arrivals(given);
  else if (!fields.stages) reader.load(given);
  reader.host();
  reader.span('run_time', 'run_time_seconds', false);
  // Drawn stages have their own end; a level in the place of a shape has not that of the shape.
  if (fields.stages && request.run_time_seconds === null) delete request.run_time_seconds;
  const end = parseDuration(fields.run_time);
  if (given?.has_shape && request.users !== undefined && end && !('run_time_seconds' in request))
    request.run_time_seconds = end;
  reader.span('stop_timeout', 'stop_timeout_seconds', true);
  reader.iterations();
  reader.seed();
  reader.tags('tags');
  reader.tags('exclude_tags');
  if (fields.user_classes.length) request.user_classes = fields.user_classes;
  if (fields.stages) request.stages = fields.stages;
  if (given) readOptions(fields, given, request, errors);
  return { request, errors };
}

function readOptions(
  fields: StartFields,
  offer: PlanOffer,
  request: StartRequest,
  errors: StartErrors,
): void {
  const options: Record<string, string> = {};
  for (const { name, value, required } of offer.options) {
    const now = fields.options[name] ?? '';
    if (required && !now) errors[`option ${name}`] = 'Must be given';
    else if (now !== value) options[name] = now;
  }
  if (Object.keys(options).length) request.options = options;
}

// The curve that the fields ask for: the plan's own, a drawn one, or a ramp to the users.
export function previewOf(fields: StartFields, offer: PlanOffer | undefined): PlannedPoint[] {
  if (fields.stages) return ofStages(fields.stages);
  if (fields.text.trim()) return [];
  const first = fieldsOf(offer);
  const same = fields.users === first.users && fields.spawn_rate === first.spawn_rate;
  const end = parseDuration(fields.run_time);
  const planned = offer?.planned ?? [];
  if (same && fields.run_time === first.run_time && !fields.arrivals) return planned;
  if (fields.arrivals) return ofArrivals(fields, offer, end);
  if (same && offer?.has_shape) return cut(planned, end);
  const users = Number(fields.users);
  const rate = rateOf(fields);
  if (!(users > 0) || !(rate > 0)) return planned;
  const ramp = users / rate;
  const length = end && end > ramp ? end : end ? end : Math.max(ramp * 2, 60);
  const reached = Math.min(users, length * rate);
  return [
    { at: 0, users: 0, rate: 0 },
    { at: Math.min(ramp, length), users: reached, rate: 0 },
    { at: length, users: reached, rate: 0 },
  ];
}

// The plan's own arrivals, scaled to the peak that is asked for; else one level.
function ofArrivals(
  fields: StartFields,
  offer: PlanOffer | undefined,
  end: number | null,
): PlannedPoint[] {
  const rate = Number(fields.arrival_rate);
  const planned = offer?.planned ?? [];
  if (offer?.open_model) {
    const factor = offer.arrival_rate && rate > 0 ? rate / offer.arrival_rate : 1;
    return cut(
      planned.map((point) => ({ ...point, rate: point.rate * factor })),
      end,
    );
  }
  const length = end ?? (offer?.has_shape ? planned.at(-1)?.at : 0);
  if (!(rate > 0) || !length) return [];
  return [0, length].map((at) => ({ at, users: 0, rate }));
}

// A run time ends any curve early.
function cut(points: PlannedPoint[], end: number | null): PlannedPoint[] {
  const next = points.findIndex(({ at }) => end !== null && at > end);
  if (!end || next <= 0) return points;
  const [before, after] = [points[next - 1]!, points[next]!];
  const part = (end - before.at) / (after.at - before.at);
  const users = before.users + (after.users - before.users) * part;
  const rate = before.rate + (after.rate - before.rate) * part;
  return [...points.slice(0, next), { at: end, users, rate }];
}

function ofStages(stages: Stage[]): PlannedPoint[] {
  const points: PlannedPoint[] = [{ at: 0, users: 0, rate: 0 }];
  let at = 0;
  let users = 0;
  for (const stage of stages) {
    const ramp = stage.spawn_rate > 0 ? Math.abs(stage.users - users) / stage.spawn_rate : 0;
    const part = Math.min(1, ramp > 0 ? stage.duration_seconds / ramp : 1);
    users += (stage.users - users) * part;
    points.push({ at: at + Math.min(ramp, stage.duration_seconds), users, rate: 0 });
    at += stage.duration_seconds;
    points.push({ at, users, rate: 0 });
  }
  return points;
}
