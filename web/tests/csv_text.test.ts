import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Points, Table } from '../src/api';
import { csvText, exceptionsCsv, failuresCsv, historyCsv, statsCsv } from '../src/pages/csv_text';

// The same cases as tests/daemon/report/csv_test.cc.
test('text is quoted only where it must be', () => {
  assert.equal(csvText('HTTP 503'), 'HTTP 503');
  assert.equal(csvText('a,b'), '"a,b"');
  assert.equal(csvText('say "no"'), '"say ""no"""');
  assert.equal(csvText('two\nlines'), '"two\nlines"');
  assert.equal(csvText(''), '');
});

test('formulas are defused', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])
    assert.equal(csvText(text), `'${text}`);
  assert.equal(csvText('\rx'), '"\'\rx"');
  assert.equal(csvText('a=1'), 'a=1');
});

test('formulas behind spaces and in wide letters are defused', () => {
  for (const text of ['＝1+1', '＋1', '－1', '＠SUM(A1)', '  =1+1', '\u00a0=1', '\u3000＝1']) {
    assert.equal(csvText(text), `'${text}`);
  }
  assert.equal(csvText('\n=1'), '"\'\n\'=1"');
  assert.equal(csvText('\u202e=1'), '\\u202e=1');
  assert.equal(csvText('  a'), '  a');
  assert.equal(csvText('   '), '   ');
});

test('formulas behind the separators of other locales are defused', () => {
  assert.equal(csvText('x;=1'), "x;'=1");
  assert.equal(csvText("x;=cmd|' /C calc'!A0;+1"), "x;'=cmd|' /C calc'!A0;'+1");
  assert.equal(csvText('x\t-1'), "x\t'-1");
  assert.equal(csvText('x\n@SUM(A1)'), '"x\n\'@SUM(A1)"');
  assert.equal(csvText('x\r\n=1'), '"x\r\n\'=1"');
  assert.equal(csvText('x; \u00a0\u3000＝1'), "x; \u00a0\u3000'＝1");
  assert.equal(csvText('x;"=1'), '"x;""\'=1"');
  assert.equal(csvText(';;=1'), ";;'=1");
  assert.equal(csvText('=1;=2'), "'=1;'=2");
  assert.equal(csvText('a;b=1; c-d'), 'a;b=1; c-d');
});

test('marks that turn text around are written out', () => {
  for (const mark of '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069') {
    const code = mark.charCodeAt(0).toString(16).padStart(4, '0');
    assert.equal(csvText(`a${mark}b`), `a\\u${code}b`);
  }
});

test('control characters are written out', () => {
  assert.equal(csvText('\x1b[31m'), '\\x1b[31m');
  assert.equal(csvText('a\0b'), 'a\\x00b');
  assert.equal(csvText('a\u202eb'), 'a\\u202eb');
  assert.equal(csvText('a\ud800b'), 'a\ufffdb');
  assert.equal(csvText('\u{1f300}'), '\u{1f300}');
});

const table = (columns: string, ...rows: Table['rows']): Table => ({
  version: 1,
  columns: columns.split(' '),
  rows,
  total: [],
  left_out: 0,
});

test('statistics have the headers of Locust and its placeholders', () => {
  const columns =
    'method name requests failures response_p50 response_mean response_max rps failures_ps bytes_mean';
  const stats = table(columns, ['GET', '=cmd', 3, 1, 12.5, 13, 20, 1.5, 0.5, 128]);
  stats.total = ['', 'Aggregated', 0, 0, null, null, null, 0, 0, null];
  const [head, row, total] = statsCsv(stats).split('\r\n');
  assert.match(
    head!,
    /^Type,Name,Request Count,Failure Count,Median Response Time,.*,99\.99%,100%$/,
  );
  assert.match(row!, /^GET,'=cmd,3,1,12\.5,13,0,20,128\.0,1\.5,0\.5,12\.5,.*,20$/);
  assert.equal(
    total,
    ',Aggregated,0,0,0,0.0,0,0,0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A',
  );
  assert.equal(head!.split(',').length, total!.split(',').length);
});

test('failures and exceptions have the headers of Locust', () => {
  const failures = table('count method name reason first_at last_at', [
    2,
    'GET',
    '/',
    '-2+3',
    '2026-01-01T00:00:10.123Z',
    '2026-01-01T00:00:11.000Z',
  ]);
  assert.equal(
    failuresCsv(failures),
    "Method,Name,Error,Occurrences,First Seen,Last Seen\r\nGET,/,'-2+3,2,2026-01-01T00:00:10Z,2026-01-01T00:00:11Z\r\n",
  );
  const exceptions = table('count message traceback agents', [1, 'boom', 'a\nb', null]);
  assert.equal(
    exceptionsCsv(exceptions),
    'Count,Message,Traceback,Nodes\r\n1,boom,"a\nb",local\r\n',
  );
});

test('the history has a row for each step and running totals', () => {
  const points = {
    from: 0,
    start: [0, 1],
    length: [1, 1],
    requests: [4, 0],
    failures: [1, 0],
    response_p50: [5, 0],
    response_p95: [9, 0],
    response_p99: [10, 0],
    users: [1, 2],
  } as unknown as Points;
  const rows = historyCsv(points, '1970-01-01T00:01:40Z').split('\r\n');
  assert.equal(
    rows[1],
    '101,1,,Aggregated,4.000000,1.000000,5,N/A,N/A,N/A,N/A,9,N/A,10,N/A,N/A,N/A,4,1,N/A,N/A,N/A,N/A,N/A',
  );
  assert.equal(
    rows[2],
    '102,2,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,4,1,N/A,N/A,N/A,N/A,N/A',
  );
});
