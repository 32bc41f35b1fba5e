// Why a run is not PASS. Pure.
import type { Run } from '../api';

// Runs that an older version has stored say nothing of it.
export function invalidSoFar(run: Run): string[] {
  return (run as Partial<Run>).invalid_so_far ?? [];
}
