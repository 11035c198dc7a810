// The card with the curves and their settings: which, how smooth, which scale.
import type { TrainingMetric } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';
import { number } from '../../data/format.ts';
import { Segmented } from '../../ui/parts.tsx';
import { type Curve, LossChart, type Marks, smooth } from './loss-chart.tsx';

const KINDS = [
  { value: 'loss', label: 'Loss' },
  { value: 'grad_norm', label: 'Gradient norm' },
  { value: 'learning_rate', label: 'Learning rate' },
] as const;
type Kind = (typeof KINDS)[number]['value'];
type Field = 'loss' | 'style_ref_loss' | 'aux_loss' | 'grad_norm' | 'learning_rate';

type Shown = { field: Field; label: string; color: string };

const FIELDS: Record<Kind, Shown[]> = {
  loss: [
    { field: 'style_ref_loss', label: 'StyleRef', color: '--accent' },
    { field: 'aux_loss', label: 'Aux', color: '--calm' },
  ],
  grad_norm: [{ field: 'grad_norm', label: 'Gradient norm', color: '--accent' }],
  learning_rate: [{ field: 'learning_rate', label: 'Learning rate', color: '--accent' }],
};

/** Raw values, drawn faintly behind the smoothed curve. */
function curvesOf(metrics: TrainingMetric[], fields: Shown[], smoothing: number): Curve[] {
  const raw = fields.map(({ field, label, color }): Curve => ({ label, color, values: metrics.map((metric) => metric[field]) }));
  if (smoothing === 0) return raw;
  const faint = raw.map((curve) => ({ ...curve, label: `${curve.label}, each step`, faint: true }));
  return [...faint, ...raw.map((curve) => ({ ...curve, values: smooth(curve.values, smoothing) }))];
}

export function Curves(props: {
  metrics: TrainingMetric[];
  marks: Marks;
  step: number | null;
  onStep(step: number | null): void;
}): ReactElement {
  const { metrics } = props;
  const [kind, setKind] = useState<Kind>('loss');
  const [smoothing, setSmoothing] = useState(0.8);
  const [isLog, setLog] = useState(false);
  const fields = FIELDS[kind].filter(({ field }) => metrics.some((metric) => metric[field] !== null));
  const curves = useMemo(() => curvesOf(metrics, fields, kind === 'learning_rate' ? 0 : smoothing), [metrics, kind, smoothing]);
  const steps = useMemo(() => metrics.map(({ step }) => step), [metrics]);
  const shown = props.step === null ? metrics.length - 1 : metrics.findIndex(({ step }) => step >= props.step!);
  return (
    <section className="card stack" aria-label="Curves">
      <div className="row-apart">
        <Segmented label="Curve" value={kind} choices={KINDS} onChange={setKind} />
        <Scale smoothing={smoothing} onSmoothing={setSmoothing} isLog={isLog} onLog={setLog} />
      </div>
      {metrics.length < 2 ? (
        <p className="soft chart-empty">The curve starts with the second step.</p>
      ) : (
        <>
          <LossChart {...props} steps={steps} curves={curves} isLog={isLog} />
          <p className="small num legend">
            <span className="soft">Step {metrics[shown]?.step ?? '–'}</span>
            {fields.map(({ field, label, color }) => (
              <span key={field}>
                <i style={{ background: `var(${color})` }} />
                {label} {number(metrics[shown]?.[field])}
              </span>
            ))}
          </p>
        </>
      )}
    </section>
  );
}

type ScaleProps = { smoothing: number; onSmoothing(weight: number): void; isLog: boolean; onLog(isLog: boolean): void };

function Scale({ smoothing, onSmoothing, isLog, onLog }: ScaleProps): ReactElement {
  return (
    <div className="row small">
      <label className="check">
        Smoothing
        <input
          type="range"
          min={0}
          max={0.98}
          step={0.01}
          value={smoothing}
          onChange={(event) => onSmoothing(Number(event.target.value))}
        />
      </label>
      <label className="check">
        <input type="checkbox" checked={isLog} onChange={(event) => onLog(event.target.checked)} />
        Log scale
      </label>
    </div>
  );
}
