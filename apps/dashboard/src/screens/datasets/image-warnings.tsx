// Warnings about images: too small ones immediately, blurred or nearly identical ones after a check.
import type { DatasetImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';
import { type Fingerprint, fingerprintsOf, warningsOf } from '../../data/image-checks.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { useResolutions } from './crop-preview.tsx';

interface Check {
  done: number;
  of: number;
  isBusy: boolean;
  run(): Promise<void>;
}

export function useWarnings(images: DatasetImage[]): { warnings: ReadonlyMap<string, string>; check: Check } {
  const [resolution = 0] = useResolutions();
  const [prints, setPrints] = useState<ReadonlyMap<string, Fingerprint>>(new Map());
  const [done, setDone] = useState<number | null>(null);
  const warnings = useMemo(() => warningsOf(images, prints, resolution), [images, prints, resolution]);
  const run = async () => {
    setDone(0);
    try {
      const found = await fingerprintsOf(images, setDone);
      setPrints(found);
      const count = warningsOf(images, found, resolution).size;
      notify({ title: count === 0 ? 'No problems found' : `${count} of ${images.length} images have a warning` });
    } catch (error) {
      notifyError('The images could not be checked', error);
    } finally {
      setDone(null);
    }
  };
  return { warnings, check: { done: done ?? 0, of: images.length, isBusy: done !== null, run } };
}

export function CheckImages({ check: { done, of, isBusy, run } }: { check: Check }): ReactElement {
  return (
    <button
      type="button"
      className="button small"
      disabled={isBusy || of === 0}
      title="Looks for images that are blurred or nearly the same"
      onClick={() => void run()}
    >
      {isBusy ? `Checked ${done} of ${of}` : 'Check images'}
    </button>
  );
}
