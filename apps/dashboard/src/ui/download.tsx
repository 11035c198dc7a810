// A link that downloads a file of the service.
import type { ReactElement } from 'react';
import { Icon } from './icons.tsx';

export function DownloadLink({
  path,
  name,
  label,
  primary = false,
}: {
  path: string;
  name: string;
  label: string;
  primary?: boolean;
}): ReactElement {
  return (
    <a className={`button small ${primary ? 'primary' : ''}`} href={path} download={name}>
      <Icon name="download" size={15} />
      {label}
    </a>
  );
}
