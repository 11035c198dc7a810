// How far an evaluation is: its phase in words, and a bar.
import type { Evaluation } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Bar } from '../../ui/parts.tsx';

const PHASES: Record<NonNullable<Evaluation['progress']>['phase'], string> = {
  images: 'Images are generated',
  metrics: 'Metrics are computed',
};

export const isPending = ({ status }: Pick<Evaluation, 'status'>): boolean => status === 'queued' || status === 'running';

export function EvaluationProgress({ evaluation }: { evaluation: Evaluation }): ReactElement | null {
  const { progress } = evaluation;
  if (!progress || !isPending(evaluation)) return null;
  const { phase, done, of } = progress;
  return (
    <div className="stack">
      <p className="small soft num">
        {PHASES[phase]}: {done} of {of}
      </p>
      <Bar done={done} of={of} label={`Progress: ${phase}`} />
    </div>
  );
}
