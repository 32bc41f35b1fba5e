// Addresses of a run's pages (router.tsx), the same in a report.
import { addressOf } from '../router';

export function runAddress(id: string, page = ''): string {
  return addressOf(page ? ['runs', id, page] : ['runs', id]);
}

export function compareAddress(base: string, run: string): string {
  return addressOf(['compare'], { base, run });
}
