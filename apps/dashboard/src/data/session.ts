// The session: its cookie, which scripts cannot read, and the service's data about the caller.
import { type Me, StyleForge } from '@styleforge/sdk';
import { createContext, useContext } from 'react';
import { lastingFetch } from './leaving.ts';

/** Created once, because it keeps the session's CSRF token. */
export const client = new StyleForge({ session: true, baseUrl: location.origin, fetch: lastingFetch });

export interface Session {
  client: StyleForge;
  me: Me;
  signOut(): Promise<void>;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('no user is signed in');
  return session;
}

export const useClient = (): StyleForge => useSession().client;
