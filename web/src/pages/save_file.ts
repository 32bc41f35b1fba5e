// Files that the browser makes itself.
import type { Run } from '../api';

const NAME_LENGTH_MAX = 60;

// As the server names its files (daemon/gateway/report_download.cc): plan, start, kind.
export function fileName(run: Pick<Run, 'plan' | 'started_at'>, suffix: string): string {
  const plan = run.plan
    .slice(0, NAME_LENGTH_MAX)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  const start = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)/.exec(run.started_at ?? '');
  return `${plan || 'run'}${start ? `_${start[1]}-${start[2]}${start[3]}` : ''}${suffix}`;
}

export function saveText(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has to have begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
