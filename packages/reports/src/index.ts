// Reports: what their numbers mean in words, the command that repeats them, and the page that shows them.
export { renderReport, type PictureSource } from './render-report.ts';
export { evaluationCommand, trainingCommand } from './repeat-command.ts';
export { reachVerdict, type Verdict } from './verdict.ts';
