// Puts some of the training steps into the trace: the first ones, which compile and warm up, and every fiftieth.
import { beginSpan } from '@styleforge/telemetry';

const firstSteps = 3;
const everyStep = 50;

export interface StepReport {
  step: number;
  loss: number;
  samplesPerSecond: number;
  stepSeconds: number;
}

export function createStepSpans(): (report: StepReport) => void {
  let seen = 0;
  return ({ step, loss, samplesPerSecond, stepSeconds }) => {
    seen += 1;
    if (seen > firstSteps && step % everyStep !== 0) return;
    const attributes = { 'styleforge.step': step, 'styleforge.loss': loss, 'styleforge.samples_per_second': samplesPerSecond };
    beginSpan('training step', { startTime: Date.now() - stepSeconds * 1_000, attributes }).end();
  };
}
