// Files to take away. A server makes them; a report makes those it can of the data inside itself.
import type { Run } from '../api';
import { isOver, useSite, type ReportFormat } from '../source/source';
import { useFeed, useRun, type RunData } from '../store/run_feed';
import { exceptionsCsv, failuresCsv, historyCsv, statsCsv } from './csv_text';
import { fileName, saveText } from './save_file';

interface Offer {
  format: ReportFormat;
  title: string;
  words: string;
  suffix: string;
  type?: string;
  make?: (data: RunData) => string; // in a report
}

const OFFERS: Offer[] = [
  {
    format: 'html',
    title: 'HTML report',
    words: 'This page in one file that opens offline: for sharing and printing',
    suffix: '.html',
  },
  {
    format: 'json',
    title: 'JSON report',
    words: 'Everything, for programs; "squall compare" reads it',
    suffix: '.json',
    type: 'application/json',
    make: reportJson,
  },
  {
    format: 'csv_stats',
    title: 'Statistics CSV',
    words: 'A row for each request name, with its percentiles',
    suffix: '_stats.csv',
    type: 'text/csv',
    make: ({ stats }) => (stats ? statsCsv(stats) : ''),
  },
  {
    format: 'csv_failures',
    title: 'Failures CSV',
    words: 'What failed, how often, first and last',
    suffix: '_failures.csv',
    type: 'text/csv',
    make: ({ failures }) => (failures ? failuresCsv(failures) : ''),
  },
  {
    format: 'csv_exceptions',
    title: 'Exceptions CSV',
    words: 'Errors in tasks with their tracebacks',
    suffix: '_exceptions.csv',
    type: 'text/csv',
    make: ({ exceptions }) => (exceptions ? exceptionsCsv(exceptions) : ''),
  },
  {
    format: 'csv_history',
    title: 'History CSV',
    words: 'The run over time, a row for each second',
    suffix: '_stats_history.csv',
    type: 'text/csv',
    make: ({ line, run }) => historyCsv(line.columns, run?.started_at ?? null),
  },
  {
    format: 'junit',
    title: 'JUnit XML',
    words: 'Thresholds as test cases, for a CI server',
    suffix: '.junit.xml',
  },
  {
    format: 'markdown',
    title: 'Markdown summary',
    words: 'For a pull request or a wiki',
    suffix: '.md',
  },
  {
    format: 'text',
    title: 'Text summary',
    words: 'What the terminal shows at the end',
    suffix: '.txt',
  },
];

// The data of the report as it is (web/src/api.ts, View).
function reportJson({
  run,
  stats,
  failures,
  exceptions,
  agents,
  tasks,
  events,
  line,
  heat,
}: RunData): string {
  return JSON.stringify({
    run,
    stats,
    failures,
    exceptions,
    agents,
    tasks,
    events,
    points: { from: 0, ...line.columns },
    heat,
  });
}

export function DownloadsPage() {
  const run = useRun((data) => data.run);
  const { source } = useSite();
  if (!run) return null;
  const offers = source.frozen ? OFFERS.filter(({ make }) => make) : OFFERS;
  return (
    <>
      {source.frozen ? (
        <p>
          These are made of the data inside this report: texts longer than 2,000 bytes are cut in
          it, and the JSON is the data of the page. The server, while it keeps the run, has them in
          full.
        </p>
      ) : (
        !isOver(run.state) && <p>The run goes on: the files hold what is known up to now.</p>
      )}
      <ul class="downloads">
        {offers.map((offer) => (
          <li key={offer.format}>
            <DownloadLink offer={offer} run={run} />
            <span class="hint">{offer.words}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function DownloadLink({ offer, run }: { offer: Offer; run: Run }) {
  const { source } = useSite();
  const feed = useFeed();
  const url = source.reportUrl(run.id, offer.format);
  if (url !== null) {
    return (
      <a href={url} download>
        {offer.title}
      </a>
    );
  }
  const save = () =>
    saveText(offer.make!(feed.data.value), fileName(run, offer.suffix), offer.type ?? 'text/plain');
  return (
    <button type="button" class="link" onClick={save}>
      {offer.title}
    </button>
  );
}
