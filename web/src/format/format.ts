// Numbers as people read them. Tables show these and carry the full value in a title.
const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const DIGITS = [0, 1, 2, 3].map(
  (digits) =>
    new Intl.NumberFormat('en-US', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }),
);

export const NOTHING = '–';

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

// 1234567 -> "1,234,567".
export function count(value: Maybe): string {
  return known(value) ? GROUPED.format(value) : NOTHING;
}

// At least three digits that say something: 0.123, 1.23, 12.3, 1,234.
function significant(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return DIGITS[digits]!.format(value);
}

// Milliseconds, without the unit: columns say it once.
export function ms(value: Maybe): string {
  if (!known(value)) return NOTHING;
  return value === 0 ? '0' : significant(value);
}

// "12.3 ms", "4.56 s", "2 min 5 s".
export function latency(value: Maybe): string {
  if (!known(value)) return NOTHING;
  if (Math.abs(value) < 1000) return `${ms(value)} ms`;
  return value < 60_000 ? `${significant(value / 1000)} s` : duration(value / 1000);
}

// Per second, without the unit.
export function rate(value: Maybe): string {
  if (!known(value)) return NOTHING;
  return value === 0 ? '0' : significant(value);
}

// 0.0123 -> "1.23 %". What is there is never shown as none, what is missing never as all.
export function percent(share: Maybe): string {
  if (!known(share)) return NOTHING;
  const value = share * 100;
  if (value === 0) return '0 %';
  if (value < 0.01) return '< 0.01 %';
  if (value > 99.99 && value < 100) return '> 99.99 %';
  return `${value >= 99.995 ? '100' : DIGITS[value < 10 ? 2 : 1]!.format(value)} %`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(value: Maybe): string {
  if (!known(value)) return NOTHING;
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${GROUPED.format(size)} B` : `${significant(size)} ${BYTE_UNITS[unit]}`;
}

const STEPS: [string, number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

// Seconds in the form that plans are written in: 90 -> "1m30s", 0.25 -> "250ms".
export function duration(seconds: Maybe): string {
  if (!known(seconds)) return NOTHING;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return seconds === 0 ? '0s' : `${Number((seconds * 1000).toPrecision(3))}ms`;
  let left = seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  let text = '';
  for (const [unit, length] of STEPS) {
    const times = unit === 's' ? Number(left.toFixed(1)) : Math.floor(left / length);
    if (times > 0) text += `${times}${unit}`;
    left -= times * length;
  }
  return text;
}

// What people type for a duration: "90", "1m30s", "1h 5m", "250ms" -> seconds; null: not one.
export function parseDuration(text: string): number | null {
  const compact = text.replace(/\s+/g, '').toLowerCase();
  if (/^\d+(\.\d+)?$/.test(compact)) return Number(compact);
  const part = /(\d+(?:\.\d+)?)(ms|d|h|m|s)/y;
  const units: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };
  let seconds = 0;
  while (part.lastIndex < compact.length) {
    const match = part.exec(compact);
    if (!match) return null;
    seconds += Number(match[1]) * units[match[2]!]!;
  }
  return compact ? seconds : null;
}

// A point of a run's time for axes: 75 -> "1:15", 3675 -> "1:01:15".
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

// An ISO instant in the reader's own time zone; "2026-01-02 03:04:05".
export function instant(iso: string | null | undefined): string {
  if (!iso) return NOTHING;
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

// "12 s ago", "3 min ago".
export function ago(iso: string | null | undefined, now: number): string {
  if (!iso) return NOTHING;
  const seconds = (now - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return iso;
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
