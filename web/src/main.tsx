// Starts the page: over a server, or over the report that it is part of.
import { render } from 'preact';

import { App } from './app';
import { startRouter } from './router';
import { DATA_ID, FrozenSource, readFrozenView } from './source/frozen';
import { LiveSource } from './source/live';
import { wordsOf, type Source } from './source/source';
import { startPrinting } from './store/printing';
import 'uplot/dist/uPlot.min.css';

import './theme/index.css';
import { startTheme } from './theme/theme';

async function sourceOfPage(): Promise<Source> {
  const data = document.getElementById(DATA_ID);
  if (!data) return new LiveSource();
  const view = await readFrozenView(data.textContent ?? '');
  data.remove(); // megabytes that nobody needs twice
  return new FrozenSource(view);
}

async function start(): Promise<void> {
  startTheme();
  startPrinting();
  let root = document.getElementById('app');
  if (!root) {
    root = document.createElement('div');
    root.id = 'app';
    document.body.append(root);
  }
  try {
    const source = await sourceOfPage();
    startRouter({ hashed: source.frozen });
    render(<App source={source} />, root);
  } catch (error) {
    root.textContent = `The report cannot be read: ${wordsOf(error)}`;
  }
}

void start();
