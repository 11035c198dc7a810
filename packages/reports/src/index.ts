// Reports: their verdict in words, the command that repeats them, and their page.
export { renderReport, type PictureSource } from './render-report.ts';
export { evaluationCommand, trainingCommand } from './repeat-command.ts';
export { reachVerdict, type Verdict } from './verdict.ts';
