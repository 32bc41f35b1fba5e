// The CSV files, made in the browser of a report's data: Locust's headers, CRLF, minimal quoting,
// as daemon/report/csv.cc writes them. Pure.
import type { Points, Table } from '../api';
import { rowReader } from './table_rows';

const PERCENTILES = [
  '50%',
  '66%',
  '75%',
  '80%',
  '90%',
  '95%',
  '98%',
  '99%',
  '99.9%',
  '99.99%',
  '100%',
];
const PERCENTILE_COLUMNS = [
  'response_p50',
  'response_p66',
  'response_p75',
  'response_p80',
  'response_p90',
  'response_p95',
  'response_p98',
  'response_p99',
  'response_p99_9',
  'response_p99_99',
  'response_max',
];
// Of the run up to a row; a report has them of the whole run alone.
const TOTALS = ['Median', 'Average', 'Min', 'Max']
  .map((kind) => `Total ${kind} Response Time`)
  .concat('Total Average Content Size');
// What daemon/base/utf8.h calls a control character, but for tab and line breaks, which are data.
const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// Spaces before the sign do not stop all spreadsheets, and with an East Asian locale the wide signs
// are as good as the narrow ones.
// A German Excel takes ';' for the end of a cell and quotation marks in the middle for text, which it
// drops where they are doubled.
const FORMULA_WITHIN = /([;\t\r\n][ \u00a0\u3000"]*)([=+\-@\uff1d\uff0b\uff0d\uff20])/g;
const FORMULA = /^[ \u00a0\u3000]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

// One cell of text: cleaned, defused (a spreadsheet runs no formula behind an apostrophe), quoted.
export function csvText(text: string): string {
  let cell = text.replace(LONE_SURROGATE, '\ufffd').replace(CONTROL, escaped);
  cell = cell.replace(FORMULA_WITHIN, "$1'$2");
  if (FORMULA.test(cell)) cell = `'${cell}`;
  return /[,"\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

// As Python prints a float, which is what readers of Locust's files expect.
function float(value: number | null): string {
  if (value === null) return '0.0';
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const number = (value: number | null) => (value === null ? '0' : String(value));
const line = (cells: string[]) => `${cells.join(',')}\r\n`;

export function statsCsv(stats: Table): string {
  const { text, value } = rowReader(stats);
  const row = (cells: Table['total']) => {
    const some = (value(cells, 'requests') ?? 0) > 0;
    return line([
      csvText(text(cells, 'method')),
      csvText(text(cells, 'name')),
      number(value(cells, 'requests')),
      number(value(cells, 'failures')),
      number(value(cells, 'response_p50')),
      some ? number(value(cells, 'response_mean')) : '0.0',
      number(value(cells, 'response_min')),
      number(value(cells, 'response_max')),
      some ? float(value(cells, 'bytes_mean')) : '0',
      float(value(cells, 'rps')),
      float(value(cells, 'failures_ps')),
      ...PERCENTILE_COLUMNS.map((column) => (some ? number(value(cells, column)) : 'N/A')),
    ]);
  };
  const head = line([
    'Type',
    'Name',
    'Request Count',
    'Failure Count',
    'Median Response Time',
    'Average Response Time',
    'Min Response Time',
    'Max Response Time',
    'Average Content Size',
    'Requests/s',
    'Failures/s',
    ...PERCENTILES,
  ]);
  return head + stats.rows.map(row).join('') + (stats.total.length > 0 ? row(stats.total) : '');
}

// Locust's form of an instant has no fraction of a second.
const second = (iso: string) => iso.replace(/\.\d+Z$/, 'Z');

export function failuresCsv(failures: Table): string {
  const { text, value } = rowReader(failures);
  const rows = failures.rows.map((cells) =>
    line([
      csvText(text(cells, 'method')),
      csvText(text(cells, 'name')),
      csvText(text(cells, 'reason')),
      number(value(cells, 'count')),
      csvText(second(text(cells, 'first_at'))),
      csvText(second(text(cells, 'last_at'))),
    ]),
  );
  return (
    line(['Method', 'Name', 'Error', 'Occurrences', 'First Seen', 'Last Seen']) + rows.join('')
  );
}

export function exceptionsCsv(exceptions: Table): string {
  const { text, value } = rowReader(exceptions);
  const rows = exceptions.rows.map((cells) =>
    line([
      number(value(cells, 'count')),
      csvText(text(cells, 'message')),
      csvText(text(cells, 'traceback')),
      csvText(text(cells, 'agents') || 'local'),
    ]),
  );
  return line(['Count', 'Message', 'Traceback', 'Nodes']) + rows.join('');
}

// The run's line, a row a step; what a report does not keep of a step is N/A.
export function historyCsv(points: Omit<Points, 'from'>, startedAt: string | null): string {
  const origin = startedAt === null ? 0 : Date.parse(startedAt) / 1000;
  const kept: Record<string, keyof Omit<Points, 'from'>> = {
    '50%': 'response_p50',
    '95%': 'response_p95',
    '99%': 'response_p99',
  };
  let requests = 0;
  let failures = 0;
  const rows = points.start.map((start, index) => {
    const length = points.length[index]!;
    const some = points.requests[index]! > 0;
    requests += points.requests[index]!;
    failures += points.failures[index]!;
    const times = PERCENTILES.map((name) => {
      const list = kept[name];
      return some && list !== undefined ? number(points[list][index]!) : 'N/A';
    });
    return line([
      String(Math.floor(origin + start + length)),
      number(points.users[index]!),
      '',
      'Aggregated',
      (points.requests[index]! / length).toFixed(6),
      (points.failures[index]! / length).toFixed(6),
      ...times,
      String(requests),
      String(failures),
      ...TOTALS.map(() => 'N/A'),
    ]);
  });
  const head = [
    'Timestamp',
    'User Count',
    'Type',
    'Name',
    'Requests/s',
    'Failures/s',
    ...PERCENTILES,
    'Total Request Count',
    'Total Failure Count',
    ...TOTALS,
  ];
  return line(head) + rows.join('');
}
