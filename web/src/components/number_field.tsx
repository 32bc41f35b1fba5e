// A field for a number in some notation. What is typed stays as it is until the field is left; it
// counts as soon as it can be read.
import { useState } from 'preact/hooks';

interface Props {
  label: string; // for screen readers: the column says it to all others
  value: number;
  read: (text: string) => number | null; // null: not such a number
  write?: (value: number) => string;
  hint: string; // what the text must be
  disabled?: boolean;
  onChange: (value: number) => void;
}

export function NumberField({
  label,
  value,
  read,
  write = String,
  hint,
  disabled,
  onChange,
}: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const wrong = draft !== null && read(draft) === null;
  const type = (text: string) => {
    setDraft(text);
    const number = read(text);
    if (number !== null && number !== value) onChange(number);
  };
  return (
    <input
      type="text"
      inputMode="decimal"
      autocomplete="off"
      class="number-field"
      aria-label={label}
      aria-invalid={wrong}
      title={wrong ? `${hint}, please` : undefined}
      value={draft ?? write(value)}
      disabled={disabled}
      onInput={(event) => type(event.currentTarget.value)}
      onBlur={() => setDraft(null)}
    />
  );
}
