// A slider, a number and two buttons for one figure. While somebody moves it, it shows what is
// wished; what is wished is told once the hand rests.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { count } from '../format/format';
import { wholeNumber } from '../format/parse';

const REST_MS = 350;
// How long the wish is shown while the run has not said yet that it has heard it.
const FOLLOW_MS = 3000;
const LEAST_END = 20;

interface Props {
  name: string;
  value: number; // what is in force
  step: number;
  onChange: (value: number) => void;
  children?: ComponentChildren;
}

export function LoadSlider({ name, value, step, onChange, children }: Props) {
  const [wish, setWish] = useState<number | null>(null);
  const [end, setEnd] = useState(() => endFor(value));
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const id = useId();
  const shown = wish ?? value;
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (wish === value) setWish(null);
    else if (wish === null && value > end) setEnd(endFor(value));
  }, [value, wish, end]);

  const wishFor = (next: number, at: 'once' | 'rest') => {
    if (!Number.isFinite(next)) return;
    const whole = Math.max(0, Math.round(next));
    setWish(whole);
    clearTimeout(timer.current);
    const tell = () => {
      setEnd((now) => (whole >= now || whole * 8 < now ? endFor(whole) : now));
      timer.current = setTimeout(() => setWish(null), FOLLOW_MS);
      onChange(whole);
    };
    if (at === 'once') tell();
    else timer.current = setTimeout(tell, REST_MS);
  };
  const typed = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const next = wholeNumber(field.value);
    if (next === null) field.value = String(shown);
    else wishFor(next, 'once');
  };
  return (
    <div class="scale" role="group" aria-labelledby={`${id}-name`}>
      <span id={`${id}-name`}>{name}</span>
      <button
        type="button"
        aria-label={`½ ${name}`}
        title="Half as many"
        disabled={shown < 1}
        onClick={() => wishFor(shown / 2, 'once')}
      >
        ½
      </button>
      <input
        type="range"
        min={0}
        max={Math.max(end, shown)}
        step={step}
        value={shown}
        aria-label={name}
        aria-valuetext={count(shown)}
        onInput={(event) => wishFor(Number(event.currentTarget.value), 'rest')}
      />
      <button
        type="button"
        aria-label={`2× ${name}`}
        title="Twice as many"
        onClick={() => wishFor(Math.max(1, shown * 2), 'once')}
      >
        2×
      </button>
      <input
        type="number"
        min={0}
        step={step}
        value={shown}
        aria-label={`${name}, exact number`}
        onChange={typed}
      />
      {children}
    </div>
  );
}

// The slider's right end: three times what is there, in a round number.
function endFor(value: number): number {
  const wanted = Math.max(LEAST_END, value * 3);
  const unit = 10 ** Math.floor(Math.log10(wanted));
  return Math.ceil(wanted / unit) * unit;
}
