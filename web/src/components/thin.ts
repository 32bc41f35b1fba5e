// Long curves thinned to what a screen can show: of each group of neighbours the lowest and the
// highest value stay, in their order, so that no spike disappears. Pure.
export type Values = readonly (number | null)[];

export interface Thinned {
  at: number[];
  values: (number | null)[][];
}

// First index whose time is at or after `time`.
export function indexAt(at: readonly number[], time: number): number {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// About `most` points of [from, to).
export function thinned(
  at: readonly number[],
  lines: Values[],
  from: number,
  to: number,
  most: number,
): Thinned {
  const length = to - from;
  if (length <= most) {
    return { at: at.slice(from, to), values: lines.map((values) => values.slice(from, to)) };
  }
  const size = Math.ceil((2 * length) / most);
  const times: number[] = [];
  for (let begin = from; begin < to; begin += size) {
    const end = Math.min(to, begin + size);
    times.push(at[begin]!, at[end - 1]! > at[begin]! ? at[end - 1]! : at[begin]! + 1e-6);
  }
  return { at: times, values: lines.map((values) => extremes(values, from, to, size)) };
}

// Two values of each group.
function extremes(values: Values, from: number, to: number, size: number): (number | null)[] {
  const out: (number | null)[] = [];
  for (let begin = from; begin < to; begin += size) {
    const end = Math.min(to, begin + size);
    let low = -1;
    let high = -1;
    for (let index = begin; index < end; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) continue;
      if (low < 0 || value < values[low]!) low = index;
      if (high < 0 || value > values[high]!) high = index;
    }
    if (low < 0) out.push(null, null);
    else out.push(values[Math.min(low, high)]!, values[Math.max(low, high)]!);
  }
  return out;
}

// What a curve says in a sentence: its last and its highest value.
export function lastAndHighest(values: Values): { last: number | null; highest: number | null } {
  let last: number | null = null;
  let highest: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    last = value;
    if (highest === null || value > highest) highest = value;
  }
  return { last, highest };
}
