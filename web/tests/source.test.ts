import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { readFrozenView } from '../src/source/frozen';
import { LiveSource } from '../src/source/live';
import { freshEvery, pauseBefore } from '../src/source/pause';

test('pauses grow up to a bound and differ between browsers', () => {
  assert.equal(pauseBefore(0, 1), 500);
  assert.equal(pauseBefore(3, 1), 4000);
  assert.equal(pauseBefore(50, 1), 15_000);
  assert.ok(pauseBefore(3, 0) < pauseBefore(3, 0.5));
});

test('large tables are fetched less often', () => {
  assert.equal(freshEvery(10), 1000);
  assert.equal(freshEvery(10_000), 5000);
});

test('a report carries its view packed or plain', async () => {
  const view = JSON.stringify({ run: { id: 'r-1', plan: 'naïve – 😀' } });
  const packed = gzipSync(view).toString('base64');
  assert.equal((await readFrozenView(`\n${packed}\n`)).run.plan, 'naïve – 😀');
  assert.equal((await readFrozenView(view)).run.id, 'r-1');
});

// The plans of a program that was started again: a form of the old ones would start another load.
test('whoever asks what the server can tells it to all who listen', async (context) => {
  let instance = 0;
  context.mock.method(globalThis, 'fetch', async () =>
    Response.json({ instance: `i-${++instance}`, plans: [] }),
  );
  const source = new LiveSource();
  const heard: (string | undefined)[] = [];
  const ignore = source.onServer((server) => heard.push(server.instance));
  await source.server();
  await source.server();
  ignore();
  assert.equal((await source.server()).instance, 'i-3');
  assert.deepEqual(heard, ['i-1', 'i-2']);
});
