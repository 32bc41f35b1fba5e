// The numbers of the stages, to type: the same as the drawing, for those who cannot draw.
import type { Stage } from '../api';
import { duration, parseDuration } from '../format/format';
import { withEnd, withField, withCopy } from '../pages/stage_math';
import { NumberField } from './number_field';

const SPAWN_RATE_MIN = 0.001;

interface Props {
  stages: Stage[];
  over: number; // this many are past
  now: number;
  onChange: (stages: Stage[], said?: string) => void;
}

const wholeNumber = (text: string) => (/^\s*\d+\s*$/.test(text) ? Number(text) : null);
const positive = (text: string) => (Number(text) >= SPAWN_RATE_MIN ? Number(text) : null);
const span = (text: string) => {
  const seconds = parseDuration(text);
  return seconds !== null && seconds > 0 ? seconds : null;
};

export function StageTable({ stages, over, now, onChange }: Props) {
  let end = 0;
  return (
    <div class="table-scroll" role="region" aria-label="Table of stages" tabIndex={0}>
      <table class="stage-table">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">From</th>
            <th scope="col">Lasts</th>
            <th scope="col">Users</th>
            <th scope="col">Users/s</th>
            <th scope="col">
              <span class="visually-hidden">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage, index) => {
            const start = end;
            end += stage.duration_seconds;
            const past = index < over;
            const name = `stage ${index + 1}`;
            const set = (change: Partial<Stage>) => onChange(withField(stages, index, change));
            return (
              <tr key={index} class={past ? 'past' : undefined}>
                <th scope="row">
                  {index + 1}
                  {past && <span class="hint"> past</span>}
                </th>
                <td class="number">{duration(start)}</td>
                <td>
                  <NumberField
                    label={`Duration of ${name}`}
                    value={stage.duration_seconds}
                    disabled={past}
                    read={span}
                    write={duration}
                    hint="A time span such as 90s or 1m30s"
                    onChange={(seconds) => onChange(withEnd(stages, index, start + seconds, now))}
                  />
                </td>
                <td>
                  <NumberField
                    label={`Target users of ${name}`}
                    value={stage.users}
                    disabled={past}
                    read={wholeNumber}
                    hint="A whole number"
                    onChange={(users) => set({ users })}
                  />
                </td>
                <td>
                  <NumberField
                    label={`Spawn rate of ${name}`}
                    value={stage.spawn_rate}
                    disabled={past}
                    read={positive}
                    hint="A number above 0"
                    onChange={(spawn_rate) => set({ spawn_rate })}
                  />
                </td>
                <td class="stage-buttons">
                  <button
                    type="button"
                    aria-label={`Insert a stage after ${name}`}
                    title="Insert a stage after it"
                    disabled={past}
                    onClick={() => onChange(withCopy(stages, index), `Stage ${index + 2} added`)}
                  >
                    +
                  </button>
                  <button
                    type="button"
                    aria-label={`Remove ${name}`}
                    title="Remove it"
                    disabled={past || stages.length - over < 2}
                    onClick={() =>
                      onChange(
                        stages.filter((_, place) => place !== index),
                        `Stage ${index + 1} removed`,
                      )
                    }
                  >
                    −
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
