// Keeps a view that fails from taking the rest of the page along.
import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';

import { wordsOf } from '../source/source';
import { Notice } from './notice';

export function Guard({ children }: { children: ComponentChildren }) {
  const [error, tryAgain] = useErrorBoundary((failure) => console.error(failure));
  if (!error) return <>{children}</>;
  return (
    <Notice kind="error" title="This view cannot be shown" live>
      {wordsOf(error)}.{' '}
      <button type="button" onClick={tryAgain}>
        Try again
      </button>
    </Notice>
  );
}
