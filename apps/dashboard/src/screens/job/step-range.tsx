// The part of the steps that a chart shows: in the address, as fields for keyboards, with a button that shows all.
import type { KeyboardEvent, ReactElement } from 'react';
import { useMemo, useRef, useState } from 'react';
import { useAddress } from '../../data/address.ts';
import type { Zoom } from './chart-zoom.ts';

/**
 * `?zoom=100-500` in the address, as far as there are such steps: a running job may not have reached the last one. All steps are shown
 * while there is none.
 */
export function useZoom(steps: number[]): [zoom: Zoom | null, onZoom: (zoom: Zoom | null) => void] {
  const [params, set] = useAddress();
  const text = params.get('zoom') ?? '';
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 0];
  const zoom = useMemo(() => {
    const [from = 0, to = 0] = (/^(\d+)-(\d+)$/.exec(text)?.slice(1) ?? []).map(Number);
    const part = [Math.max(from, first), Math.min(to, last)] as const;
    return part[0] < part[1] && (part[0] > first || part[1] < last) ? part : null;
  }, [text, first, last]);
  return [zoom, (next) => set('zoom', next && next.join('-'))];
}

type Props = { steps: number[]; zoom: Zoom | null; onZoom(zoom: Zoom | null): void };

export function StepRange({ steps, zoom, onZoom }: Props): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 0];
  const [from, to] = zoom ?? [first, last];
  const change = ([low, high]: Zoom) => {
    if (low < high) onZoom(low <= first && high >= last ? null : [low, high]);
  };
  const showAll = () => {
    onZoom(null);
    // the button disappears, and the focus with it
    frame.current?.focus();
  };
  return (
    <div ref={frame} className="row small" role="group" aria-label="Steps shown" tabIndex={-1}>
      Steps
      <StepField label="First step shown" value={from} onValue={(step) => change([step, step < to ? to : last])} />
      to
      <StepField label="Last step shown" value={to} onValue={(step) => change([step > from ? from : first, step])} />
      {zoom ? (
        <button type="button" className="button small" onClick={showAll}>
          Show all steps
        </button>
      ) : (
        <span className="soft">Drag in the chart to zoom.</span>
      )}
    </div>
  );
}

/** Taken when it is left or at Enter, which leaves the focus where it is. What is no step is forgotten. */
function StepField({ label, value, onValue }: { label: string; value: number; onValue(step: number): void }): ReactElement {
  const [entered, setEntered] = useState<string | null>(null);
  const take = () => {
    setEntered(null);
    if (entered !== null && /^\d+$/.test(entered.trim()) && Number(entered) !== value) onValue(Number(entered));
  };
  return (
    <input
      className="input num step-input"
      inputMode="numeric"
      aria-label={label}
      value={entered ?? value}
      onChange={({ target }) => setEntered(target.value)}
      onBlur={take}
      onKeyDown={({ key }: KeyboardEvent) => key === 'Enter' && take()}
    />
  );
}
