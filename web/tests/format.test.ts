import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ago,
  bytes,
  clock,
  count,
  duration,
  latency,
  ms,
  parseDuration,
  percent,
} from '../src/format/format';
import { cut, harmless } from '../src/format/text';

test('counts are grouped by thousands', () => {
  assert.equal(count(1234567), '1,234,567');
  assert.equal(count(0), '0');
  assert.equal(count(null), '–');
  assert.equal(count(Number.NaN), '–');
});

test('milliseconds keep three digits that say something', () => {
  const shown: [number, string][] = [
    [0, '0'],
    [0.1234, '0.123'],
    [1.234, '1.23'],
    [12.34, '12.3'],
    [123.4, '123'],
    [1234.4, '1,234'],
    [0.99999, '1.00'],
    [9.996, '10.0'],
    [99.96, '100'],
  ];
  for (const [value, text] of shown) assert.equal(ms(value), text);
});

test('latencies carry the unit that fits', () => {
  assert.equal(latency(250), '250 ms');
  assert.equal(latency(4560), '4.56 s');
  assert.equal(latency(125_000), '2m5s');
});

test('a failure is never rounded away, and never everything', () => {
  assert.equal(percent(0), '0 %');
  assert.equal(percent(0.00001), '< 0.01 %');
  assert.equal(percent(0.0123), '1.23 %');
  assert.equal(percent(0.99999), '> 99.99 %');
  assert.equal(percent(1), '100 %');
});

test('bytes are powers of two', () => {
  assert.equal(bytes(512), '512 B');
  assert.equal(bytes(1536), '1.50 KiB');
  assert.equal(bytes(5 * 1024 ** 3), '5.00 GiB');
});

test('durations read as they are written', () => {
  for (const text of ['1m30s', '2h', '1d', '250ms', '45s', '1h5s', '1.5s', '0s']) {
    assert.equal(duration(parseDuration(text)), text);
  }
  assert.equal(duration(59.96), '1m');
  assert.equal(duration(-90), '-1m30s');
});

test('what people type for a duration', () => {
  assert.equal(parseDuration('90'), 90);
  assert.equal(parseDuration(' 1h 5m '), 3900);
  assert.equal(parseDuration('1.5H'), 5400);
  for (const text of ['', 'm', '5x', '1m30', '-5s', '1e3'])
    assert.equal(parseDuration(text), null, text);
});

test('points of time on an axis', () => {
  assert.equal(clock(75), '1:15');
  assert.equal(clock(3675), '1:01:15');
  assert.equal(clock(0), '0:00');
});

test('how long ago', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  assert.equal(ago('2026-01-01T11:59:20Z', now), '40 s ago');
  assert.equal(ago('2026-01-01T09:00:00Z', now), '3 h ago');
  assert.equal(ago(null, now), '–');
});

test('control characters and marks that turn text around become visible', () => {
  assert.equal(harmless('a\nb\u0000c'), 'a↵b⟨0000⟩c');
  assert.equal(harmless('a\nb', true), 'a\nb');
  assert.equal(harmless('gpj.\u202eexe'), 'gpj.⟨202E⟩exe');
  assert.equal(harmless('<b>&amp;'), '<b>&amp;');
});

test('long text is cut between whole characters', () => {
  assert.equal(cut('abcdef', 4), 'abcd…');
  assert.equal(cut('abc😀', 4), 'abc…');
  assert.equal(cut('abcd', 4), 'abcd');
});
