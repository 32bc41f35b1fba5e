// The bar on top: where one can go, and day or night.
import { SITE_PAGES } from '../pages';
import { Link, useRoute } from '../router';
import { useSite } from '../source/source';
import { useStore } from '../store/store';
import { nextTheme, theme } from '../theme/theme';

const THEME_WORDS = { auto: 'as the system', light: 'light', dark: 'dark' };
const THEME_SIGNS = { auto: '◐', light: '☀', dark: '☾' };

function ThemeButton() {
  const now = useStore(theme, (value) => value);
  const words = `Theme: ${THEME_WORDS[now]}`;
  return (
    <button type="button" class="quiet" onClick={nextTheme} aria-label={words} title={words}>
      <span aria-hidden="true">{THEME_SIGNS[now]}</span>
    </button>
  );
}

export function TopBar() {
  const { source, server } = useSite();
  const { path } = useRoute();
  const pages = source.frozen ? [] : SITE_PAGES.filter((page) => page.inBar(server));
  return (
    <header class="top">
      <Link to="/" class="brand" aria-label="Squall">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path d="M5 12h15a4 4 0 1 0-4-4M5 17h20a4 4 0 1 1-4 4M5 22h9a3 3 0 1 1-3 3" />
        </svg>
        Squall
      </Link>
      {pages.length > 0 && (
        <nav aria-label="Site">
          {pages.map((page) => (
            <Link
              key={page.path}
              to={`/${page.path}`}
              aria-current={path[0] === page.path ? 'page' : undefined}
            >
              {page.title}
            </Link>
          ))}
        </nav>
      )}
      <span class="grow" />
      <span class="version">
        {source.frozen ? 'report' : server.program} {server.version}
      </span>
      <ThemeButton />
      {server.login && (
        <button type="button" class="quiet" onClick={() => void source.logOut()}>
          Log out
        </button>
      )}
    </header>
  );
}
