// Resolves the host of a request that a caller asked for, and refuses addresses that the service may not reach.
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type AddressPolicy, literalAddress } from './address-policy.ts';

export class ForbiddenAddressError extends Error {
  override name = 'ForbiddenAddressError';
}

/** A `lookup` for HTTP requests: the connection uses exactly the address that was checked. */
export function checkedLookup(mayReach: AddressPolicy): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const bad = error ? undefined : addresses.find(({ address }) => !mayReach(address));
      const [first] = addresses ?? [];
      if (error || bad || !first) done(error ?? forbidden(hostname, bad?.address ?? 'none'), '', 0);
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/** Checks a URL that contains an address instead of a host name, for which Node calls no `lookup`. */
export function refuseForbiddenLiteral(url: URL, mayReach: AddressPolicy): void {
  const literal = literalAddress(url);
  if (literal !== undefined && !mayReach(literal)) throw forbidden(url.hostname, literal);
}

const forbidden = (host: string, address: string) =>
  new ForbiddenAddressError(
    `${host} is at ${address}, an address that the service may not reach; WEBHOOK_ALLOWED_NETWORKS allows networks`,
  );
