// Addresses of the page. A live page has paths ("/runs/ID/charts"); a report is one file, so there
// they stand behind a hash.
import type { ComponentChildren } from 'preact';

import { Store, useStore } from './store/store';

export interface Route {
  path: string[]; // decoded segments
  query: URLSearchParams;
}

let hashed = false;
const current = new Store<Route>({ path: [], query: new URLSearchParams() });

function parse(address: string): Route {
  const url = new URL(address, 'http://page');
  const path = url.pathname.split('/').filter(Boolean).map(decoded);
  return { path, query: url.searchParams };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function read(): void {
  const address = hashed ? location.hash.slice(1) || '/' : location.pathname + location.search;
  current.set(parse(address));
}

export function startRouter(options: { hashed: boolean }): void {
  hashed = options.hashed;
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
  read();
}

// "/runs/a%20b/charts?x=1" of segments and a query.
export function addressOf(path: string[], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

export function hrefOf(address: string): string {
  return hashed ? `#${address}` : address;
}

export function navigate(address: string, how: 'push' | 'replace' = 'push'): void {
  const href = hrefOf(address);
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  read();
}

export function useRoute(): Route {
  return useStore(current, (route) => route);
}

interface LinkProps {
  to: string; // an address
  class?: string;
  title?: string;
  'aria-current'?: 'page' | undefined;
  'aria-label'?: string;
  children?: ComponentChildren;
}

export function Link({ to, children, ...rest }: LinkProps) {
  const go = (event: MouseEvent) => {
    const plain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain || event.defaultPrevented) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...rest} href={hrefOf(to)} onClick={go}>
      {children}
    </a>
  );
}
