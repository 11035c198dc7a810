// One image of the service, loaded when it comes near the window. Small ones show their pixels.
import type { ReactElement } from 'react';
import { useState } from 'react';

/** Up to this side an enlarged image is shown pixel by pixel. */
const PIXEL_SIDE = 128;

export function Picture({ path, alt, width }: { path: string | undefined; alt: string; width?: number }): ReactElement {
  const [failed, setFailed] = useState<string>();
  const isShown = path !== undefined && path !== failed;
  return (
    <span className={`picture ${width !== undefined && width <= PIXEL_SIDE ? 'pixels' : ''}`}>
      {isShown && <img src={path} alt={alt} loading="lazy" decoding="async" onError={() => setFailed(path)} />}
      {path !== undefined && !isShown && <span className="small soft">Not available</span>}
    </span>
  );
}
