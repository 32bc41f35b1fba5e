// What people type into fields. Pure.

// A whole number of at least 0, rounded; null for what is none, as an emptied field.
export function wholeNumber(text: string): number | null {
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) && number >= 0 ? Math.round(number) : null;
}
