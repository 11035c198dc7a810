// URLs that may contain secrets: user, password and query are sent, but never shown or stored.

/** The URL without user, password, query and fragment. A text that is not a URL is returned unchanged. */
export function withoutSecrets(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, host, pathname } = new URL(address);
  return host === '' ? address.replace(/[?#].*$/s, '') : `${protocol}//${host}${pathname}`;
}

/** The URL without user and password, and the header that they become. */
export function splitCredentials(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url: url.href, headers: {} };
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}
