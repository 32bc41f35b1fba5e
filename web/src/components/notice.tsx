// Something that people should know. `live`: screen readers say it when it appears.
import type { ComponentChildren } from 'preact';

interface Props {
  kind: 'info' | 'warning' | 'error';
  title: string;
  live?: boolean;
  children?: ComponentChildren;
}

const SIGNS = { info: 'ℹ', warning: '▲', error: '✖' };

export function Notice({ kind, title, live, children }: Props) {
  const role = live ? (kind === 'error' ? 'alert' : 'status') : undefined;
  return (
    <div class={`notice ${kind}`} role={role}>
      <span class="sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      <div>
        <strong>{title}</strong>
        {children && <div>{children}</div>}
      </div>
    </div>
  );
}
