// Page for an address without a screen.
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { PageHead } from '../ui/parts.tsx';

export function NotFound(): ReactElement {
  return (
    <>
      <PageHead title="Nothing here" about="This address has no screen." />
      <Link className="button" href="/">
        Go to Home
      </Link>
    </>
  );
}
