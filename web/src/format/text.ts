// Text that strangers have written (request names, errors): shown as it is, but harmless. Control
// characters and marks that turn the direction of text become visible; what is long is cut.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const SIGNS: Record<string, string> = { '\n': '↵', '\t': '⇥' };

// "\n" -> "↵", U+202E -> "⟨202E⟩". Few fonts have the control pictures of Unicode.
function visible(mark: string): string {
  return SIGNS[mark] ?? `⟨${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

// Lines stay lines with `lines`: for tracebacks and messages that have room.
export function harmless(text: string, lines = false): string {
  return text.replace(UNSEEN, (mark) =>
    lines && (mark === '\n' || mark === '\t') ? mark : visible(mark),
  );
}

// At most `length` characters, the end being what is lost; whole characters only.
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const splits = last >= 0xd800 && last < 0xdc00;
  return `${text.slice(0, splits ? length - 1 : length)}…`;
}
