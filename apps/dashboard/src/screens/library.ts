// Screens of models, evaluations and prompts, bundled to one file.
export { EvaluationScreen } from './evaluations/evaluation.tsx';
export { Evaluations } from './evaluations/evaluations.tsx';
export { ModelScreen } from './models/model.tsx';
export { Models } from './models/models.tsx';
export { PromptSets } from './prompts/prompts.tsx';
export { StudyScreen } from './studies/study.tsx';
