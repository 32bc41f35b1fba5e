// For a test that measures time: a machine that was busy elsewhere just then gets two more tries.
// Only TooMuch is tried again; whatever else fails has failed.
export class TooMuch extends Error {}

export function atMost(value, limit, what) {
  console.log(`# ${what}: ${value} (at most ${limit})`);
  if (!(value <= limit)) throw new TooMuch(`${what} must be at most ${limit}, is ${value}`);
}

export async function measured(body) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof TooMuch) || attempt === 3) throw error;
      console.log(`# attempt ${attempt}: ${error.message}`);
    }
  }
}
