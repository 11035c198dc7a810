// Screens of what has been made, in one file to load: small files compress badly one by one.
export { EvaluationScreen } from './evaluations/evaluation.tsx';
export { Evaluations } from './evaluations/evaluations.tsx';
export { Gallery } from './gallery/gallery.tsx';
export { ModelScreen } from './models/model.tsx';
export { Models } from './models/models.tsx';
export { PromptSets } from './prompts/prompts.tsx';
export { StudyScreen } from './studies/study.tsx';
