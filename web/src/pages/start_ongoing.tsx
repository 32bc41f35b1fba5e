// One at a time: whoever looks at the form while a run goes on (started by somebody else, or by a
// script) is told so.
import { useEffect, useState } from 'preact/hooks';

import type { RunItem } from '../api';
import { Notice } from '../components/notice';
import { addressOf, Link } from '../router';
import { isOver, useSite } from '../source/source';

const LOOK_EVERY_MS = 3000;

export function OngoingRun() {
  const { source } = useSite();
  const [run, setRun] = useState<RunItem | null>(null);
  useEffect(() => {
    const look = () =>
      source.runs({ limit: 1 }).then(
        ({ runs }) => setRun(runs[0] && !isOver(runs[0].state) ? runs[0] : null),
        () => {}, // what matters is told when the form is sent
      );
    void look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [source]);
  if (!run) return null;
  return (
    <Notice kind="info" title="A run is going on" live>
      It must end before the next one starts.{' '}
      <Link to={addressOf(['runs', run.id])}>Look at it</Link>
    </Notice>
  );
}
