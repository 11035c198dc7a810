// Screens of models and what is known of them, in one file to load.
export { EvaluationScreen } from './evaluations/evaluation.tsx';
export { Evaluations } from './evaluations/evaluations.tsx';
export { ModelScreen } from './models/model.tsx';
export { Models } from './models/models.tsx';
export { PromptSets } from './prompts/prompts.tsx';
export { StudyScreen } from './studies/study.tsx';
