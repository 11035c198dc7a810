// The card with the curves and their settings: which, how smooth, which scale.
import type { TrainingJob, TrainingMetric } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';
import { number } from '../../data/format.ts';
import { Segmented } from '../../ui/parts.tsx';
import { type Curve, LossChart, type Marks, smooth, withoutOutliers } from './loss-chart.tsx';
import { StepRange, useZoom } from './step-range.tsx';

const KINDS = [
  { value: 'loss', label: 'Loss' },
  { value: 'grad_norm', label: 'Gradient norm' },
  { value: 'learning_rate', label: 'Learning rate' },
] as const;
const SCORES = { value: 'scores', label: 'Scores' } as const;
type Kind = (typeof KINDS)[number]['value'] | 'scores';
type Field = 'loss' | 'style_ref_loss' | 'aux_loss' | 'grad_norm' | 'learning_rate';
type Scores = NonNullable<TrainingJob['result']>['early_stopping'];

type Shown = { field: Field; label: string; color: string };

const FIELDS: Record<Exclude<Kind, 'scores'>, Shown[]> = {
  loss: [
    { field: 'style_ref_loss', label: 'StyleRef', color: '--accent' },
    { field: 'aux_loss', label: 'Aux', color: '--calm' },
    { field: 'loss', label: 'Total', color: '--ink-soft' },
  ],
  grad_norm: [{ field: 'grad_norm', label: 'Gradient norm', color: '--accent' }],
  learning_rate: [{ field: 'learning_rate', label: 'Learning rate', color: '--accent' }],
};

interface Series {
  steps: number[];
  curves: Curve[];
}

/** The values as they are. The total is a curve of its own only where it is a sum. */
function seriesOf(kind: Kind, metrics: TrainingMetric[], scores: Scores): Series {
  if (kind === 'scores') {
    const { metric = '', curve = [] } = scores ?? {};
    return {
      steps: curve.map(({ step }) => step),
      curves: [{ label: metric, color: '--accent', values: curve.map(({ value }) => value) }],
    };
  }
  const hasAux = metrics.some(({ aux_loss: loss }) => loss !== null);
  return {
    steps: metrics.map(({ step }) => step),
    curves: FIELDS[kind]
      .filter(({ field }) => hasAux || !['aux_loss', 'loss'].includes(field))
      .map(({ field, label, color }) => ({ label, color, values: metrics.map((metric) => metric[field]) })),
  };
}

/** Where they are smoothed, faint behind. */
function smoothed(raw: Curve[], smoothing: number): Curve[] {
  if (smoothing === 0) return raw;
  const faint = raw.map((curve) => ({ ...curve, label: `${curve.label}, each step`, faint: true }));
  return [...faint, ...raw.map((curve) => ({ ...curve, values: smooth(curve.values, smoothing) }))];
}

interface CurvesProps {
  metrics: TrainingMetric[];
  /** The scores of the validations, once the job has ended. */
  scores: Scores;
  marks: Marks;
  step: number | null;
  onStep(step: number | null): void;
}

export function Curves({ metrics, scores, ...crosshair }: CurvesProps): ReactElement {
  const [kind, setKind] = useState<Kind>('loss');
  const [scale, setScale] = useState<Scale>({ smoothing: 0.8, isLog: false, isClipped: false });
  const { steps, curves } = useMemo(() => seriesOf(kind, metrics, scores), [kind, metrics, scores]);
  const [zoom, onZoom] = useZoom(steps);
  const drawn = useMemo(() => {
    const kept = scale.isClipped ? curves.map((curve) => ({ ...curve, values: withoutOutliers(curve.values) })) : curves;
    return smoothed(kept, kind === 'learning_rate' || kind === 'scores' ? 0 : scale.smoothing);
  }, [curves, kind, scale]);
  const pointed = crosshair.step ?? zoom?.[1];
  const shown = pointed === undefined ? steps.length - 1 : steps.findIndex((step) => step >= pointed);
  return (
    <section className="card stack" aria-label="Curves">
      <div className="row-apart">
        <Segmented label="Curve" value={kind} choices={scores ? [...KINDS, SCORES] : KINDS} onChange={setKind} />
        <ScaleFields scale={scale} onScale={setScale} />
      </div>
      {steps.length < 2 ? (
        <p className="soft chart-empty">The curve starts with the second step.</p>
      ) : (
        <>
          <LossChart {...crosshair} {...{ steps, zoom, onZoom }} curves={drawn} isLog={scale.isLog} />
          <StepRange {...{ steps, zoom, onZoom }} />
          <p className="small num legend">
            <span className="soft">Step {steps[shown] ?? '–'}</span>
            {curves.map(({ label, color, values }) => (
              <span key={label}>
                <i style={{ background: `var(${color})` }} />
                {label} {number(values[shown])}
              </span>
            ))}
          </p>
        </>
      )}
    </section>
  );
}

interface Scale {
  smoothing: number;
  isLog: boolean;
  isClipped: boolean;
}

function ScaleFields({ scale, onScale }: { scale: Scale; onScale(scale: Scale): void }): ReactElement {
  const box = (label: string, name: 'isLog' | 'isClipped') => (
    <label className="check">
      <input type="checkbox" checked={scale[name]} onChange={(event) => onScale({ ...scale, [name]: event.target.checked })} />
      {label}
    </label>
  );
  return (
    <div className="row small">
      <label className="check">
        Smoothing
        <input
          type="range"
          min={0}
          max={0.98}
          step={0.01}
          value={scale.smoothing}
          onChange={(event) => onScale({ ...scale, smoothing: Number(event.target.value) })}
        />
      </label>
      {box('Log scale', 'isLog')}
      {box('Hide outliers', 'isClipped')}
    </div>
  );
}
