// Entries of the command palette: screens, actions, and everything in the project that has a name.
import { jobName } from './jobs.ts';
import { useModels } from './models.ts';
import { useDatasets } from './queries.ts';
import { useJobs } from './job-list.ts';
import { applyTheme } from './theme.ts';

export interface Command {
  name: string;
  kind: string;
  href?: string;
  run?(): void;
}

const SCREENS: [string, string][] = [
  ['Home', '/'],
  ['Datasets', '/datasets'],
  ['Training jobs', '/jobs'],
  ['Compare jobs', '/compare'],
  ['Playground', '/play'],
  ['Gallery', '/gallery'],
  ['Models', '/models'],
  ['Evaluations', '/evaluations'],
  ['Studies', '/evaluations?tab=studies'],
  ['Prompt sets', '/prompts'],
  ['Queue and machines', '/queue'],
  ['Webhooks', '/webhooks'],
  ['API keys', '/keys'],
  ['Settings', '/settings'],
];

const ACTIONS: Command[] = [
  { name: 'New training', kind: 'Action', href: '/train' },
  { name: 'New dataset', kind: 'Action', href: '/datasets?new=style_ref' },
  { name: 'New evaluation', kind: 'Action', href: '/evaluations?new=1' },
  { name: 'Light theme', kind: 'Action', run: () => applyTheme('light') },
  { name: 'Dark theme', kind: 'Action', run: () => applyTheme('dark') },
  { name: 'Theme of the system', kind: 'Action', run: () => applyTheme('system') },
];

export function useCommands(): Command[] {
  const jobs = useJobs().data ?? [];
  const datasets = useDatasets().data ?? [];
  const models = useModels();
  return [
    ...SCREENS.map(([name, href]): Command => ({ name, kind: 'Screen', href })),
    ...ACTIONS,
    ...jobs.map((job): Command => ({ name: jobName({ ...job, suffix: job.config.suffix }), kind: 'Job', href: `/jobs/${job.id}` })),
    ...datasets.map(({ id, name }): Command => ({ name, kind: 'Dataset', href: `/datasets/${id}` })),
    ...models
      .filter(({ kind }) => kind === 'named')
      .map(({ label }): Command => ({ name: label, kind: 'Model', href: `/models/${label}` })),
  ];
}

/** Fuzzy match of letters in order. Letters at the start of a word score most, then consecutive letters. */
export function score(name: string, text: string): number | null {
  const [within, wanted] = [name.toLowerCase(), text.toLowerCase().trim()];
  if (wanted === '') return 0;
  const found = within.indexOf(wanted);
  if (found >= 0) return found === 0 || within[found - 1] === ' ' ? found : 100 + found;
  let [at, gaps] = [0, 0];
  for (const letter of wanted.replaceAll(' ', '')) {
    const next = within.indexOf(letter, at);
    if (next < 0) return null;
    gaps += next - at;
    at = next + 1;
  }
  return 1000 + gaps;
}

export function rank(commands: Command[], text: string): Command[] {
  return commands
    .map((command) => ({ command, of: score(command.name, text) }))
    .filter((one): one is { command: Command; of: number } => one.of !== null)
    .sort((a, b) => a.of - b.of)
    .map(({ command }) => command);
}
