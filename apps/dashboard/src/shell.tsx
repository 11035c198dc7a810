// The frame: navigation, theme, sign-out, and a banner while the service does not respond.
import { onlineManager, useIsFetching, useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Link, useLocation } from 'wouter';
import { isLive, useJobs } from './data/job-list.ts';
import { useClient, useSession } from './data/session.ts';
import { applyTheme, readTheme, type Theme } from './data/theme.ts';
import { useCommands } from './data/commands.ts';
import { CommandPalette, usePaletteKey } from './ui/command-palette.tsx';
import { Dialog } from './ui/dialog.tsx';
import { Icon, type IconName } from './ui/icons.tsx';
import { Segmented } from './ui/parts.tsx';

/** `also`: other addresses that belong to the entry. */
type NavItem = { href: string; label: string; icon: IconName; also?: string[] };
const GROUPS: { name: string; items: NavItem[] }[] = [
  {
    name: 'Create',
    items: [
      { href: '/', label: 'Home', icon: 'home' },
      { href: '/datasets', label: 'Datasets', icon: 'images' },
      { href: '/jobs', label: 'Training', icon: 'train', also: ['/train', '/compare'] },
      { href: '/play', label: 'Playground', icon: 'play' },
      { href: '/gallery', label: 'Gallery', icon: 'gallery' },
    ],
  },
  {
    name: 'Compare',
    items: [
      { href: '/models', label: 'Models', icon: 'models' },
      { href: '/evaluations', label: 'Evaluations', icon: 'chart', also: ['/studies'] },
      { href: '/prompts', label: 'Prompt sets', icon: 'prompts' },
    ],
  },
  {
    name: 'Operate',
    items: [
      { href: '/queue', label: 'Machines', icon: 'machine' },
      { href: '/webhooks', label: 'Webhooks', icon: 'hook' },
      { href: '/keys', label: 'API keys', icon: 'key' },
      { href: '/settings', label: 'Settings', icon: 'settings' },
    ],
  },
];
const ON_PHONES = ['/', '/datasets', '/jobs', '/play'];

const isCurrent = (location: string, { href, also = [] }: NavItem): boolean =>
  location === href || [href, ...also].some((path) => path !== '/' && (location === path || location.startsWith(`${path}/`)));

/** Moves the focus to the content of a new screen, so that the next Tab does not return to the navigation. */
function useFocusOnScreen(screen: string): void {
  const shown = useRef(screen);
  useEffect(() => {
    if (shown.current === screen) return undefined;
    shown.current = screen;
    // after the dialog that opened this screen has returned the focus
    const timer = setTimeout(() => document.getElementById('main')?.focus({ preventScroll: true }));
    return () => clearTimeout(timer);
  }, [screen]);
}

let isReturning = false;
addEventListener('popstate', () => (isReturning = true));

/** A new screen begins at its top; for one that was left by a link, the browser restores the place. */
function useTopOfScreen(location: string): void {
  useEffect(() => {
    if (!isReturning) scrollTo(0, 0);
    isReturning = false;
  }, [location]);
}

export function Shell({ children }: { children: ReactNode }): ReactElement {
  const [location] = useLocation();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  usePaletteKey(() => setPaletteOpen(true));
  useFocusOnScreen(location.split('/')[1] ?? '');
  useTopOfScreen(location);
  useEffect(() => setMenuOpen(false), [location]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <aside className="sidebar" aria-label="Sidebar">
        <Brand />
        <SearchButton onOpen={() => setPaletteOpen(true)} />
        <Navigation location={location} />
        <Foot />
      </aside>
      <TopBar onOpen={() => setPaletteOpen(true)} />
      <div>
        <ConnectionBanner />
        <main id="main" className="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      <PhoneBar location={location} onMore={() => setMenuOpen(true)} />
      {isMenuOpen && (
        <Dialog title="Menu" onClose={() => setMenuOpen(false)}>
          <Navigation location={location} />
          <Foot />
        </Dialog>
      )}
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
    </div>
  );
}

/** Reads lists only while it is open. */
function Palette({ onClose }: { onClose(): void }): ReactElement {
  return <CommandPalette commands={useCommands()} onClose={onClose} />;
}

/** The head of the page on phones and tablets. */
function TopBar({ onOpen }: { onOpen(): void }): ReactElement {
  return (
    <header className="topbar">
      <Brand />
      <button type="button" className="button quiet icon" aria-label="Go to" onClick={onOpen}>
        <Icon name="search" />
      </button>
    </header>
  );
}

function SearchButton({ onOpen }: { onOpen(): void }): ReactElement {
  return (
    <button type="button" className="button search-button" onClick={onOpen}>
      <Icon name="search" size={16} />
      Go to
      <span className="keys">
        <kbd>Ctrl</kbd> <kbd>K</kbd>
      </span>
    </button>
  );
}

function Brand(): ReactElement {
  return (
    <Link className="brand" href="/">
      <img src="/app/icon.svg" alt="" />
      StyleForge
    </Link>
  );
}

function Navigation({ location }: { location: string }): ReactElement {
  const running = useJobs().data?.filter(isLive).length ?? 0;
  return (
    <nav aria-label="Main" className="stack">
      {GROUPS.map(({ name, items }) => (
        <div key={name} className="nav-group">
          <p>{name}</p>
          {items.map((item) => (
            <Link key={item.href} className="nav-link" href={item.href} aria-current={isCurrent(location, item) ? 'page' : undefined}>
              <Icon name={item.icon} />
              {item.label}
              {item.href === '/jobs' && running > 0 && (
                <span className="count">
                  {running}
                  <span className="visually-hidden"> running</span>
                </span>
              )}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
}

function PhoneBar({ location, onMore }: { location: string; onMore(): void }): ReactElement {
  const items = GROUPS.flatMap((group) => group.items).filter(({ href }) => ON_PHONES.includes(href));
  return (
    <nav className="tabbar" aria-label="Quick">
      {items.map((item) => (
        <Link key={item.href} href={item.href} aria-current={isCurrent(location, item) ? 'page' : undefined}>
          <Icon name={item.icon} size={22} />
          {item.label}
        </Link>
      ))}
      <button type="button" onClick={onMore}>
        <Icon name="menu" size={22} />
        More
      </button>
    </nav>
  );
}

const THEMES = [
  { value: 'system', label: 'Auto' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

function Foot(): ReactElement {
  const { signOut, me } = useSession();
  const [theme, setTheme] = useState<Theme>(readTheme);
  const change = (next: Theme) => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <div className="sidebar-foot">
      <p className="small soft who">
        {me.project.name}, key {me.api_key.name} ({me.api_key.scopes.join(', ')})
        <br />
        StyleForge {me.service.version}
      </p>
      <Segmented label="Theme" value={theme} choices={THEMES} onChange={change} />
      <div className="row">
        <a className="button quiet small" href="/docs">
          API reference
        </a>
        <button type="button" className="button quiet small" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </div>
  );
}

/** Distinguishes a browser without network from a service that does not respond. */
function ConnectionBanner(): ReactElement | null {
  const client = useClient();
  const isOnline = useSyncExternalStore(onlineManager.subscribe.bind(onlineManager), () => onlineManager.isOnline());
  const { isError } = useQuery({
    queryKey: ['reachable', isOnline],
    queryFn: ({ signal }) => client.readiness({ signal, maxRetries: 0, timeout: 10_000 }),
    refetchInterval: ({ state }) => (state.status === 'error' ? 3_000 : 20_000),
  });
  useIsFetching();
  // without a network, a service on this machine still responds
  if (!isError) return null;
  return (
    <div className="offline" role="status">
      {isOnline
        ? 'The service does not respond. This page may be out of date; it tries again every few seconds.'
        : 'You are offline. This page may be out of date.'}
    </div>
  );
}
