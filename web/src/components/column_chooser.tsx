// Which columns a table shows.
import { useEffect, useRef } from 'preact/hooks';

import type { Column } from './data_table';

interface Props<R> {
  columns: Column<R>[];
  hidden: Set<string>;
  onToggle: (key: string) => void;
}

export function ColumnChooser<R>({ columns, hidden, onToggle }: Props<R>) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const inside = box.current?.contains(event.target as Node);
      const escape = event instanceof KeyboardEvent && event.key === 'Escape';
      if (!box.current?.open || (event instanceof KeyboardEvent ? !escape : inside)) return;
      box.current.open = false;
      if (escape && inside) box.current.querySelector('summary')?.focus();
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, []);
  const choice = columns.filter((column) => !column.fixed);
  if (choice.length < 2) return null;
  return (
    <details class="menu" ref={box}>
      <summary>Columns</summary>
      <fieldset>
        <legend class="unseen">Columns that are shown</legend>
        {choice.map((column) => (
          <label key={column.key}>
            <input
              type="checkbox"
              checked={!hidden.has(column.key)}
              onChange={() => onToggle(column.key)}
            />
            {column.title}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
