// What stands around every page of a run: how it goes, what can be done to it, and its tabs.
import { useEffect, useMemo, useState } from 'preact/hooks';

import { Guard } from '../components/guard';
import { Notice } from '../components/notice';
import { addressOf, Link } from '../router';
import { useSite } from '../source/source';
import { printing } from '../store/printing';
import { FeedContext, useFeed, useRun } from '../store/run_feed';
import { useStore } from '../store/store';
import { Controls } from './controls';
import { RUN_PAGES, type RunPageEntry } from './index';
import { ReportFacts } from './report_facts';
import { RunHeader } from './run_header';

export function RunFrame({ id, page }: { id: string; page: string }) {
  const { source } = useSite();
  const feed = useMemo(() => source.follow(id), [source, id]);
  useEffect(() => () => feed.close(), [feed]);
  return (
    <FeedContext.Provider value={feed}>
      <RunBody page={page} />
    </FeedContext.Provider>
  );
}

function RunBody({ page }: { page: string }) {
  const { source } = useSite();
  const connection = useRun((data) => data.connection);
  const error = useRun((data) => data.error);
  const known = useRun((data) => data.run !== null);
  const onPaper = useStore(printing, (value) => value);
  const pages = RUN_PAGES.filter((entry) => !(source.frozen && entry.live));
  const shown = pages.find((entry) => entry.path === page) ?? pages[0];
  useTitle(shown);
  if (connection === 'gone') {
    return (
      <Notice kind="error" title="There is no such run" live>
        {error}. <Link to="/runs">All runs</Link>
      </Notice>
    );
  }
  return (
    <>
      {connection === 'lost' && <Lost />}
      {!known && connection !== 'lost' && <p class="loading">Loading the run …</p>}
      {known && <RunHeader />}
      {known && (source.frozen || onPaper) && <ReportFacts />}
      {known && !source.frozen && <Controls />}
      {known && <Tabs pages={pages} shown={shown} />}
      {known && !onPaper && shown && (
        <section class="page" aria-label={shown.title}>
          <Guard key={shown.path}>
            <shown.View />
          </Guard>
        </section>
      )}
      {known && onPaper && <AllPages pages={pages} />}
    </>
  );
}

// Paper has no tabs. What can only be pressed is left out.
function AllPages({ pages }: { pages: RunPageEntry[] }) {
  return (
    <>
      {pages
        .filter((entry) => !entry.screenOnly)
        .map((entry) => (
          <section key={entry.path} class="page" aria-label={entry.title}>
            <h2 class="on-paper">{entry.title}</h2>
            <entry.View />
          </section>
        ))}
    </>
  );
}

function useTitle(shown: RunPageEntry | undefined): void {
  const plan = useRun((data) => data.run?.plan ?? '');
  useEffect(() => {
    document.title = [shown?.title, plan.slice(0, 80), 'Squall'].filter(Boolean).join(' · ');
  }, [shown, plan]);
}

function Tabs({ pages, shown }: { pages: RunPageEntry[]; shown: RunPageEntry | undefined }) {
  const { source } = useSite();
  const { id } = useFeed();
  const address = (path: string) => addressOf(source.frozen ? [path] : ['runs', id, path]);
  return (
    <nav class="tabs" aria-label="Views of the run">
      {pages.map((entry) => (
        <Link
          key={entry.path}
          to={address(entry.path)}
          aria-current={entry === shown ? 'page' : undefined}
        >
          {entry.title}
        </Link>
      ))}
    </nav>
  );
}

function Lost() {
  const feed = useFeed();
  const error = useRun((data) => data.error);
  const retryAt = useRun((data) => data.retry_at);
  return (
    <div class="lost">
      <Notice kind="error" title="Connection lost: the load goes on without this page" live>
        {error}. The page reconnects by itself.
      </Notice>
      {retryAt !== null && <Countdown until={retryAt} />}
      <button type="button" onClick={() => feed.refresh()}>
        Try now
      </button>
    </div>
  );
}

// Outside of what screen readers say: a number a second would be noise.
function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return (
    <span aria-hidden="true">next attempt in {Math.max(0, Math.ceil((until - now) / 1000))} s</span>
  );
}
