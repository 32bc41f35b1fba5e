// States and verdicts in a word, a sign and a colour: nobody has to see the colour.
import type { RunState } from '../api';

const STATES: Record<RunState, [sign: string, kind: string, word: string]> = {
  idle: ['○', 'quiet', 'Idle'],
  prepared: ['◔', 'quiet', 'Prepared'],
  running: ['▶', 'active', 'Running'],
  paused: ['❚❚', 'warning', 'Paused'],
  stopping: ['◼', 'warning', 'Stopping'],
  finished: ['●', 'quiet', 'Finished'],
  failed: ['✖', 'bad', 'Failed'],
};

export function StateBadge({ state }: { state: RunState }) {
  const [sign, kind, word] = STATES[state] ?? ['?', 'quiet', state];
  return <Badge sign={sign} kind={kind} word={word} />;
}

const VERDICTS: Record<string, [sign: string, kind: string]> = {
  PASS: ['✔', 'good'],
  FAIL: ['✖', 'bad'],
  INVALID: ['⚠', 'warning'],
};

export function VerdictBadge({ verdict }: { verdict: string | null }) {
  if (!verdict) return null;
  const [sign, kind] = VERDICTS[verdict] ?? ['?', 'quiet'];
  return <Badge sign={sign} kind={kind} word={verdict} />;
}

export function Badge({ sign, kind, word }: { sign: string; kind: string; word: string }) {
  return (
    <span class={`badge ${kind}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}
