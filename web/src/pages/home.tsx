// The beginning: the run that goes on, or was the last one, where there is one at a time; else the
// list of runs.
import { useEffect, useState } from 'preact/hooks';

import { Notice } from '../components/notice';
import { addressOf, navigate } from '../router';
import { useSite, wordsOf } from '../source/source';
import { StartPage } from './start';

export function HomePage() {
  const { source, server } = useSite();
  const [state, setState] = useState<'asking' | 'none' | { error: string }>('asking');
  useEffect(() => {
    if (!server.can.one_at_a_time) {
      navigate('/runs', 'replace');
      return;
    }
    source.runs({ limit: 1 }).then(
      ({ runs }) =>
        runs[0] ? navigate(addressOf(['runs', runs[0].id]), 'replace') : setState('none'),
      (error) => setState({ error: wordsOf(error) }),
    );
  }, [source, server]);
  if (state === 'asking') return <p class="loading">Loading …</p>;
  if (state === 'none') return <StartPage />;
  return (
    <Notice kind="error" title="The runs cannot be read" live>
      {state.error}
    </Notice>
  );
}
