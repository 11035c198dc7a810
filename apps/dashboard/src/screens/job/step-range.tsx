// The part of the steps that a chart shows: in the address, as fields for keyboards, with a button that shows all.
import type { ReactElement } from 'react';
import { useMemo } from 'react';
import { useAddress } from '../../data/address.ts';
import type { Zoom } from './chart-zoom.ts';

/** `?zoom=100-500` in the address. */
export function useZoom(): [zoom: Zoom | null, onZoom: (zoom: Zoom | null) => void] {
  const [params, set] = useAddress();
  const text = params.get('zoom') ?? '';
  const zoom = useMemo(() => {
    const [from, to] = (/^(\d+)-(\d+)$/.exec(text)?.slice(1) ?? []).map(Number);
    return from !== undefined && to !== undefined && from < to ? ([from, to] as const) : null;
  }, [text]);
  return [zoom, (next) => set('zoom', next && next.join('-'))];
}

type Props = { steps: number[]; zoom: Zoom | null; onZoom(zoom: Zoom | null): void };

export function StepRange({ steps, zoom, onZoom }: Props): ReactElement {
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 0];
  const [from, to] = zoom ?? [first, last];
  const change = (next: Zoom): boolean => {
    const isPart = next.every((step) => Number.isInteger(step) && step >= 0) && next[0] < next[1];
    if (isPart) onZoom(next[0] <= first && next[1] >= last ? null : next);
    return isPart;
  };
  const field = (label: string, value: number, read: (value: number) => Zoom) => (
    <input
      key={value}
      className="input num step-input"
      inputMode="numeric"
      aria-label={label}
      defaultValue={value}
      onBlur={({ target }) => {
        if (Number(target.value) === value || !change(read(Number(target.value)))) target.value = String(value);
      }}
      onKeyDown={({ key, currentTarget }) => key === 'Enter' && currentTarget.blur()}
    />
  );
  return (
    <div className="row small">
      Steps
      {field('First step shown', from, (value) => [value, to])}
      to
      {field('Last step shown', to, (value) => [from, value])}
      {zoom ? (
        <button type="button" className="button small" onClick={() => onZoom(null)}>
          Show all steps
        </button>
      ) : (
        <span className="soft">Drag in the chart to zoom.</span>
      )}
    </div>
  );
}
