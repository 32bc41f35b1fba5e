// Stages to draw and to type: a curve whose corners can be dragged (mouse, finger, arrow keys), and
// beside it a table of the same numbers. Of a run that goes on, what is past stays as it was.
import { useRef, useState } from 'preact/hooks';

import type { Stage } from '../api';
import { duration } from '../format/format';
import {
  lengthOf,
  stagesOver,
  troubleOf,
  withCopy,
  withPast,
  type CurvePoint,
} from '../pages/stage_math';
import { StageDrawing } from './stage_drawing';
import { StageTable } from './stage_table';

export interface StageEditorProps {
  stages: Stage[];
  onChange: (stages: Stage[]) => void;
  maxHeight?: number; // of the drawing, in pixels
  // Of a run that goes on:
  planned?: Stage[]; // what is in force
  now?: number; // elapsed seconds
  actual?: CurvePoint[]; // the users there were
}

export function StageEditor({
  stages,
  onChange,
  maxHeight = 280,
  planned,
  now = 0,
  actual = [],
}: StageEditorProps) {
  const [said, setSaid] = useState('');
  const over = stagesOver(stages, now);
  const latest = useRef(stages);
  latest.current = stages;
  const change = (next: Stage[], words = '') => {
    latest.current = next;
    setSaid(words);
    onChange(next);
  };
  const add = () => change(withCopy(stages, stages.length - 1), `Stage ${stages.length + 1} added`);
  const trouble = troubleOf(stages);
  return (
    <div class="stage-editor">
      <StageDrawing
        stages={stages}
        preview={planned ? withPast(planned, stages, now) : stages}
        planned={planned ?? []}
        actual={actual}
        now={now}
        over={over}
        height={maxHeight}
        onEdit={(edit) => change(edit(latest.current))}
      />
      <StageTable stages={stages} over={over} now={now} onChange={change} />
      <p class="stage-foot">
        <button type="button" onClick={add}>
          Add a stage
        </button>
        <span>
          {stages.length} {stages.length === 1 ? 'stage' : 'stages'}, {duration(lengthOf(stages))}{' '}
          in all
        </span>
      </p>
      {trouble && (
        <p class="field-error" role="alert">
          {trouble}
        </p>
      )}
      <p class="visually-hidden" role="status">
        {said}
      </p>
    </div>
  );
}
