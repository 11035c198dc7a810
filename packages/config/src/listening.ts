// Where the processes of the service listen, and what to change when they cannot.
import { isIPv6 } from 'node:net';

/** `setting`: the variable that names the port. */
export interface ListeningAddress {
  host: string;
  port: number;
  setting: 'PORT' | 'WORKER_PORT';
}

/**
 * The address at which a server that listens at a wildcard address is reached on its own machine; browsers and URLs cannot use the
 * wildcard itself.
 */
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

/** Whether `host` stands for all addresses of the machine, however it is written. */
export function isWildcard(host: string): boolean {
  return normalized(host) in LOOPBACK_OF;
}

/** An address that opens on this machine, also where `host` is a wildcard. */
export function urlOf(host: string, port: number): string {
  return `http://${LOOPBACK_OF[normalized(host)] ?? bracketed(host)}:${port}`;
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** 0 and ::0 are wildcards, too. */
function normalized(host: string): string {
  const url = `http://${bracketed(host)}`;
  return URL.canParse(url) ? new URL(url).hostname : host;
}

/** The error of a `listen` with the setting that helps; any other error as it is. */
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
