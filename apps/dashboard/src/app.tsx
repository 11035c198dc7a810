// The page: shows the sign-in, or the screen of the current address.
import { APIError, AuthenticationError, type Me } from '@styleforge/sdk';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ComponentType, ReactElement } from 'react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Route, Router, Switch, useLocation } from 'wouter';
import { client, SessionContext } from './data/session.ts';
import { notifyError } from './data/toasts.ts';
import { useProjectEvents } from './data/live.ts';
import { Home } from './screens/home/home.tsx';
import { NotFound } from './screens/not-found.tsx';
import { SignIn } from './screens/sign-in.tsx';
import { Shell } from './shell.tsx';
import { Guard, later } from './ui/later.tsx';
import { Loading } from './ui/parts.tsx';
import { Toasts } from './ui/toasts.tsx';

const screen = (load: () => Promise<Record<string, ComponentType>>, name: string) =>
  later(async () => (await load())[name]!, <Loading height={320} />);

const SCREENS: [string, ComponentType][] = [
  ['/', Home],
  ['/datasets', screen(() => import('./screens/images.ts'), 'Datasets')],
  ['/datasets/:id', screen(() => import('./screens/images.ts'), 'DatasetScreen')],
  ['/jobs', screen(() => import('./screens/library.ts'), 'Jobs')],
  ['/jobs/:id/:tab?', screen(() => import('./screens/training.ts'), 'JobScreen')],
  ['/compare', screen(() => import('./screens/training.ts'), 'Compare')],
  ['/train', screen(() => import('./screens/library.ts'), 'Train')],
  ['/play', screen(() => import('./screens/images.ts'), 'Play')],
  ['/gallery', screen(() => import('./screens/images.ts'), 'Gallery')],
  ['/models', screen(() => import('./screens/library.ts'), 'Models')],
  ['/models/:name', screen(() => import('./screens/library.ts'), 'ModelScreen')],
  ['/prompts', screen(() => import('./screens/library.ts'), 'PromptSets')],
  ['/evaluations', screen(() => import('./screens/library.ts'), 'Evaluations')],
  ['/evaluations/:id', screen(() => import('./screens/library.ts'), 'EvaluationScreen')],
  ['/studies/:id', screen(() => import('./screens/library.ts'), 'StudyScreen')],
  ['/queue', screen(() => import('./screens/library.ts'), 'Machines')],
  ['/webhooks', screen(() => import('./screens/library.ts'), 'Webhooks')],
  ['/settings', screen(() => import('./screens/library.ts'), 'Settings')],
  ['/keys', screen(() => import('./screens/library.ts'), 'Keys')],
];

function createQueries(): QueryClient {
  // The SDK retries requests itself. A service on this machine responds without a network too.
  const networkMode = 'always';
  return new QueryClient({
    defaultOptions: {
      queries: { retry: false, staleTime: 1_000, networkMode, refetchOnReconnect: 'always' },
      mutations: { retry: false, networkMode },
    },
  });
}

/** The signed-in caller. Null: nobody. Undefined: not known yet. */
function useSignedIn() {
  const [me, setMe] = useState<Me | null>();
  const [notice, setNotice] = useState('');
  const read = useCallback(async () => {
    try {
      setMe(await client.sessions.me());
      setNotice('');
    } catch (error) {
      setMe(null);
      if (!(error instanceof AuthenticationError)) setNotice(error instanceof Error ? error.message : String(error));
    }
  }, []);
  useEffect(() => void read(), [read]);
  const end = (why: string) => {
    setNotice(why);
    setMe(null);
  };
  return { me, notice, read, end };
}

export function App(): ReactElement {
  const { me, notice, read, end } = useSignedIn();
  const queries = useMemo(createQueries, [me?.api_key.id]);
  const onError = (error: unknown) => {
    if (error instanceof APIError && error.status === 401) end('The session has ended. Sign in again.');
  };
  queries.getQueryCache().config.onError = onError;
  queries.getMutationCache().config.onError = onError;
  const session = useMemo(
    () =>
      me && {
        client,
        me,
        signOut: async () => {
          await client.sessions.end().catch((error: unknown) => notifyError('Signing out failed', error));
          end('');
        },
      },
    [me],
  );
  if (me === undefined) return <Loading height={320} />;
  return (
    <Router base="/app">
      {session ? (
        <SessionContext.Provider value={session}>
          <QueryClientProvider client={queries}>
            <Screens />
          </QueryClientProvider>
        </SessionContext.Provider>
      ) : (
        <SignIn onSignIn={() => void read()} notice={notice} />
      )}
      <Toasts />
    </Router>
  );
}

function Screens(): ReactElement {
  useProjectEvents();
  const [location] = useLocation();
  return (
    <Shell>
      <Guard where={location}>
        <Switch>
          {SCREENS.map(([path, component]) => (
            <Route key={path} path={path} component={component} />
          ))}
          <Route component={NotFound} />
        </Switch>
      </Guard>
    </Shell>
  );
}
