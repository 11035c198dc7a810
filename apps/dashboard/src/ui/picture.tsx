// One image of the service; it is fetched when it comes near the window. Small ones show their pixels.
import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useImage } from '../data/images.ts';

const NEAR = '400px';
/** Up to this side an enlarged image is shown pixel by pixel. */
const PIXEL_SIDE = 128;

export function Picture({ path, alt, width }: { path: string | undefined; alt: string; width?: number }): ReactElement {
  const frame = useRef<HTMLSpanElement>(null);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setNear(true), {
      rootMargin: NEAR,
    });
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const { url, failed } = useImage(isNear ? path : undefined);
  return (
    <span ref={frame} className={`picture ${width !== undefined && width <= PIXEL_SIDE ? 'pixels' : ''}`}>
      {url && <img src={url} alt={alt} decoding="async" />}
      {failed && <span className="small soft">Not available</span>}
    </span>
  );
}
