// Screens of lists and forms without curves, in one file to load: small files compress badly one by one.
import './shared.ts';

export { EvaluationScreen } from './evaluations/evaluation.tsx';
export { Evaluations } from './evaluations/evaluations.tsx';
export { Jobs } from './jobs/jobs.tsx';
export { Keys } from './keys/keys.tsx';
export { Machines } from './machines/machines.tsx';
export { ModelScreen } from './models/model.tsx';
export { Models } from './models/models.tsx';
export { PromptSets } from './prompts/prompts.tsx';
export { Settings } from './settings/settings.tsx';
export { StudyScreen } from './studies/study.tsx';
export { Train } from './train/train.tsx';
export { Webhooks } from './webhooks/webhooks.tsx';
