// One image of the service, loaded when it comes near the window. Small images are enlarged without smoothing.
import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';

/** Largest side at which an enlarged image is shown pixel by pixel. */
const PIXEL_SIDE = 128;
/** Number of retries, because a busy service may refuse images temporarily. */
const TRIES = 3;
const PAUSE_MS = 1_500;

export function Picture({ path, alt, width }: { path: string | undefined; alt: string; width?: number }): ReactElement {
  const [failures, setFailures] = useState(0);
  const [tried, setTried] = useState(0);
  useEffect(() => {
    setFailures(0);
    setTried(0);
  }, [path]);
  useEffect(() => {
    if (failures === 0 || failures >= TRIES) return;
    const timer = setTimeout(() => setTried(failures), PAUSE_MS * failures);
    return () => clearTimeout(timer);
  }, [failures]);
  const isLost = failures >= TRIES;
  return (
    <span className={`picture ${width !== undefined && width <= PIXEL_SIDE ? 'pixels' : ''}`}>
      {path !== undefined && !isLost && (
        <img key={tried} src={path} alt={alt} loading="lazy" decoding="async" onError={() => setFailures(failures + 1)} />
      )}
      {path !== undefined && isLost && <span className="small soft">Not available</span>}
    </span>
  );
}
