// The frame of every page: the bar on top, what went wrong, and the page that the address names.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Server } from './api';
import { Guard } from './components/guard';
import { Notice } from './components/notice';
import { TopBar } from './components/top_bar';
import { SITE_PAGES } from './pages';
import { HomePage } from './pages/home';
import { RunFrame } from './pages/run_frame';
import { useRoute } from './router';
import { pauseBefore } from './source/pause';
import { SiteContext, wordsOf, type Source } from './source/source';

// What the server can; asked for until it answers, and kept as it answers later.
function useServer(source: Source): { server: Server | null; error: string } {
  const [server, setServer] = useState<Server | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let attempt = 0;
    // What says the same is the same, or every form would begin anew.
    const take = (answer: Server) =>
      setServer((old) => (JSON.stringify(old) === JSON.stringify(answer) ? old : answer));
    const ignore = source.onServer(take);
    const ask = () =>
      source.server().then(
        (answer) => (take(answer), setError('')),
        (reason) => {
          setError(wordsOf(reason));
          timer = setTimeout(ask, pauseBefore(attempt++, Math.random()));
        },
      );
    void ask();
    return () => {
      ignore();
      clearTimeout(timer);
    };
  }, [source]);
  return { server, error };
}

function Page({ source }: { source: Source }) {
  const { path } = useRoute();
  if (source.frozen) {
    const [page] = path.length > 2 && path[0] === 'runs' ? path.slice(2) : path;
    return <RunFrame id="" page={page ?? ''} />;
  }
  if (path.length === 0) return <HomePage />;
  if (path[0] === 'runs' && path.length > 1)
    return <RunFrame key={path[1]} id={path[1]!} page={path[2] ?? ''} />;
  const entry = SITE_PAGES.find((page) => page.path === path[0]);
  if (entry) return <entry.View />;
  return (
    <Notice kind="error" title="There is no such page">
      The address may have been cut short. <a href="/">To the beginning</a>
    </Notice>
  );
}

// Which page it is, whatever tab of it. Another one begins at its top, for eyes and for keys.
function usePlace(main: { current: HTMLElement | null }): string {
  const { path } = useRoute();
  const place = path.slice(0, 2).join('/');
  const last = useRef(place);
  useEffect(() => {
    if (last.current !== place) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    last.current = place;
  }, [place]);
  return place;
}

export function App({ source }: { source: Source }) {
  const { server, error } = useServer(source);
  const site = useMemo(() => server && { source, server }, [source, server]);
  const main = useRef<HTMLElement>(null);
  const place = usePlace(main);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <SiteContext.Provider value={site}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      {site && <TopBar />}
      <main id="main" ref={main} tabIndex={-1}>
        {site ? (
          <Guard key={place}>
            <Page source={source} />
          </Guard>
        ) : error ? (
          <Notice kind="error" title="The server does not answer" live>
            {error}. Trying again.
          </Notice>
        ) : (
          <p class="loading">Loading …</p>
        )}
      </main>
    </SiteContext.Provider>
  );
}
