// Addresses on which the processes of the service listen, and error messages that say what to change if they cannot.
import { isIPv6 } from 'node:net';

/** `setting`: the variable that names the port. */
export interface ListeningAddress {
  host: string;
  port: number;
  setting: 'PORT' | 'WORKER_PORT';
}

/**
 * The loopback address by wildcard address: a server that listens on a wildcard is reached there from its own machine, because browsers
 * and URLs cannot use the wildcard itself.
 */
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

/** Whether `host` stands for all addresses of the machine, in any spelling. */
export function isWildcard(host: string): boolean {
  return normalized(host) in LOOPBACK_OF;
}

/** A URL that can be opened on this machine, even if `host` is a wildcard. */
export function urlOf(host: string, port: number): string {
  return `http://${LOOPBACK_OF[normalized(host)] ?? bracketed(host)}:${port}`;
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** Normalizes other spellings of the wildcards, such as 0 and ::0. */
function normalized(host: string): string {
  const url = `http://${bracketed(host)}`;
  return URL.canParse(url) ? new URL(url).hostname : host;
}

/** Adds the setting to change to an error of `listen`; returns any other error unchanged. */
export function listenError(error: unknown, { host, port, setting }: ListeningAddress): unknown {
  const explain = (message: string) => new Error(message, { cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return explain(
        `${setting}: another program already listens at ${host}, port ${port}; stop it, or choose another ${setting} (0 = any free port)`,
      );
    case 'EACCES':
      return explain(`${setting}: this user may not listen at port ${port}; choose one above 1023`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return explain(`HOST: this machine has no address ${host}; use 127.0.0.1 for callers on this machine only, 0.0.0.0 for all`);
    default:
      return error;
  }
}
