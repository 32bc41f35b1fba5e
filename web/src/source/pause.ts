// How long to wait before the next attempt to reach a server that does not answer: longer each
// time, and not in step with every other browser.
const FIRST_MS = 500;
const LONGEST_MS = 15_000;

export function pauseBefore(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(whole * (0.5 + random / 2));
}

// How often a table of so many rows is fetched: a large one costs the browser and the server more.
export function freshEvery(rows: number): number {
  if (rows > 5000) return 5000;
  return rows > 1000 ? 2000 : 1000;
}
