// Text that strangers have written. Never put it into a page in another way.
import { cut, harmless } from '../format/text';

// What a title may carry: a megabyte in a tooltip helps nobody.
const TITLE_LENGTH_MAX = 2000;
// What is longer may be cut by a narrow column, too.
const SURELY_SEEN = 24;

export function Text({
  value,
  length = 300,
  lines = false,
}: {
  value: string;
  length?: number;
  lines?: boolean;
}) {
  const shown = harmless(cut(value, length), lines);
  const whole = value.length <= (lines ? length : Math.min(length, SURELY_SEEN));
  const title = whole ? undefined : harmless(cut(value, TITLE_LENGTH_MAX));
  return <bdi title={title}>{shown}</bdi>;
}
