// A chart's curves as a table of at most so many rows, made only when somebody opens it.
import { useState } from 'preact/hooks';

import { clock } from '../format/format';
import type { ChartLine } from './chart';

const ROWS_MAX = 60;

interface Props {
  title: string;
  at: number[];
  lines: ChartLine[];
  said: (value: number | null | undefined) => string;
}

export function ChartTable({ title, at, lines, said }: Props) {
  const [open, setOpen] = useState(false);
  const every = Math.max(1, Math.ceil(at.length / ROWS_MAX));
  const picked: number[] = [];
  if (open) for (let index = at.length - 1; index >= 0; index -= every) picked.unshift(index);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <div class="grid" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table>
            <caption class="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {lines.map((line) => (
                  <th scope="col" class="number" key={line.label}>
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {picked.map((index) => (
                <tr key={index}>
                  <th scope="row">{clock(at[index]!)}</th>
                  {lines.map((line) => (
                    <td class="number" key={line.label}>
                      {said(line.values[index])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
