// A training task: hands the trainer what the parent has prepared, and its news back to the parent.
import { type TrainingConfig, trainingConfig } from '@styleforge/contracts';
import { trainStyleForge } from '@styleforge/styleforge';
import type { MessageFromChild, TrainingTask } from '../messages.ts';
import type { Parent } from './parent.ts';

export async function train(task: TrainingTask, parent: Parent): Promise<MessageFromChild> {
  const config: TrainingConfig = trainingConfig.parse(task.config);
  const { finalStep } = await trainStyleForge({
    baseModelDirectory: task.baseModelDirectory,
    config,
    styleRef: task.styleRef,
    aux: task.aux,
    workDirectory: task.workDirectory,
    ...(task.resumeFrom && { resumeFrom: task.resumeFrom }),
    signal: parent.signal,
    onProgress: (progress) => parent.tell({ type: 'progress', ...progress }),
    onCheckpoint: ({ step, directory }) => parent.tellAndWait({ type: 'checkpoint', step, directory }),
  });
  return { type: 'result', finalStep };
}
