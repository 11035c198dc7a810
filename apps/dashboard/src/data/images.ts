// Images of the service as object URLs: fetched with the key, the ones used last kept.
import { useEffect, useState } from 'react';
import type { StyleForge } from '@styleforge/sdk';
import { useClient } from './session.ts';

const KEPT = 600;
const urls = new Map<string, Promise<string>>();

export function imageUrl(client: StyleForge, path: string): Promise<string> {
  const known = urls.get(path);
  urls.delete(path);
  const url = known ?? load(client, path);
  urls.set(path, url);
  if (urls.size > KEPT) void forgetOldest();
  return url;
}

async function load(client: StyleForge, path: string): Promise<string> {
  try {
    const response = await client.download(path);
    return URL.createObjectURL(await response.blob());
  } catch (error) {
    urls.delete(path);
    throw error;
  }
}

async function forgetOldest(): Promise<void> {
  const [path, url] = urls.entries().next().value ?? [];
  if (path === undefined || url === undefined) return;
  urls.delete(path);
  URL.revokeObjectURL(await url);
}

export type LoadedImage = { url: string | undefined; failed: boolean };

export function useImage(path: string | undefined): LoadedImage {
  const client = useClient();
  const [state, setState] = useState<LoadedImage & { path?: string }>({ url: undefined, failed: false });
  useEffect(() => {
    if (path === undefined) return;
    let current = true;
    imageUrl(client, path).then(
      (url) => current && setState({ url, failed: false, path }),
      () => current && setState({ url: undefined, failed: true, path }),
    );
    return () => {
      current = false;
    };
  }, [client, path]);
  return state.path === path ? state : { url: undefined, failed: false };
}
