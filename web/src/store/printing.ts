// Whether the page is being printed: then everything is shown below each other, by day.
import { options } from 'preact';

import { theme } from '../theme/theme';
import { Store } from './store';

export const printing = new Store(false);

// Components draw charts in effects, which wait for a frame; a printer waits for microtasks alone.
interface HookOptions {
  requestAnimationFrame?: ((callback: () => void) => void) | undefined;
}

export function startPrinting(): void {
  const hooks = options as HookOptions;
  const usual = hooks.requestAnimationFrame;
  let before = theme.value;
  addEventListener('beforeprint', () => {
    hooks.requestAnimationFrame = (callback) => queueMicrotask(callback);
    before = theme.value;
    theme.set('light');
    printing.set(true);
  });
  addEventListener('afterprint', () => {
    hooks.requestAnimationFrame = usual;
    theme.set(before);
    printing.set(false);
  });
}
