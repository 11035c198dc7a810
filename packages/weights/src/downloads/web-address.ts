// Web addresses that may hold secrets: user, password and query are used, and never shown or kept.

/** The address without user, password, query and fragment. A text that is not an address stays as it is. */
export function withoutSecrets(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, host, pathname } = new URL(address);
  return host === '' ? address.replace(/[?#].*$/s, '') : `${protocol}//${host}${pathname}`;
}

/** The address to ask, and the header that user and password of it become. */
export function splitCredentials(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url: url.href, headers: {} };
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}
