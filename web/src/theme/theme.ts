// Day or night: the system's choice unless the reader has made another.
import { remember, remembered } from '../store/prefs';
import { Store } from '../store/store';

export type Theme = 'auto' | 'light' | 'dark';

const THEMES: Theme[] = ['auto', 'light', 'dark'];
const system = matchMedia('(prefers-color-scheme: dark)');

export const theme = new Store<Theme>(
  THEMES.find((name) => name === remembered('theme')) ?? 'auto',
);
// What is shown: charts redraw when it changes.
export const dark = new Store(false);

function apply(): void {
  const isDark = theme.value === 'dark' || (theme.value === 'auto' && system.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  dark.set(isDark);
}

export function startTheme(): void {
  system.addEventListener('change', apply);
  theme.subscribe(apply);
  apply();
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  remember('theme', next === 'auto' ? null : next);
  theme.set(next);
}
