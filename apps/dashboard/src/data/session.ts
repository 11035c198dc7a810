// Who is signed in: an API key, kept for as long as the browser's tab is open.
import { StyleForge } from '@styleforge/sdk';
import { createContext, useContext } from 'react';

const KEY = 'styleforge.key';

export interface Session {
  client: StyleForge;
  key: string;
  signOut(): void;
}

export const readKey = (): string | null => sessionStorage.getItem(KEY);
export const keepKey = (key: string): void => sessionStorage.setItem(KEY, key);
export const forgetKey = (): void => sessionStorage.removeItem(KEY);

export const clientFor = (apiKey: string): StyleForge => new StyleForge({ apiKey, baseUrl: location.origin });

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('nobody is signed in');
  return session;
}

export const useClient = (): StyleForge => useSession().client;
