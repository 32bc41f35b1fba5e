// Debian's chromium, and a watch on what a page must never do: raise an error, open a dialog, break
// its own Content-Security-Policy, or call anybody but its server.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { PATIENCE_MS, ROOT } from './programs.mjs';

export const ARTEFACTS = process.env.SQUALL_WEB_ARTEFACTS ?? join(ROOT, 'build/web-artefacts');

export async function openBrowser() {
  const args = ['--disable-dev-shm-usage', '--disable-gpu'];
  // Chromium's sandbox needs a user other than root; in containers and on CI there is none. The
  // pages are our own, on loopback.
  if (process.getuid() === 0) args.push('--no-sandbox');
  return chromium.launch({
    executablePath: process.env.SQUALL_CHROMIUM ?? '/usr/bin/chromium',
    args,
    timeout: PATIENCE_MS,
  });
}

// A page whose sins are collected in page.sins, as one line each.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  watch(page);
  return page;
}

function watch(page) {
  page.sins = [];
  page.on('pageerror', (error) => page.sins.push(`error: ${error.stack ?? error}`));
  page.on('dialog', async (dialog) => {
    page.sins.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('console', (message) => {
    // A server that is away for a moment is no sin of the page; tests that take it away say so.
    if (message.type() === 'error' && !page.serverMayBeAway?.(message)) {
      page.sins.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['127.0.0.1', 'localhost', ''].includes(url.hostname)) {
      page.sins.push(`calls ${url.hostname}`);
    }
  });
}

export async function screenshot(page, name) {
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
}

// Text as a person reads it: "1,234.5 ms" -> 1234.5. NaN when there is no number.
export function numberIn(text) {
  const match = /-?\d[\d,\u00a0\u202f ]*(\.\d+)?(e[-+]?\d+)?/i.exec(text);
  return match ? Number(match[0].replace(/[,\u00a0\u202f ]/g, '')) : NaN;
}
