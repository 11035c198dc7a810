// npm run experiment -- paper-table [...]: the paper's comparisons and open questions with the shipped model; a repeated command
// continues where it stopped.
import { openExtractor } from '@styleforge/metrics';
import { targetStyles } from '@styleforge/samples';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../command-line.ts';
import { numberOption, optionalNumber } from '../options.ts';
import { EXPERIMENTS, listCells, trainingKey, type Cell } from './cells.ts';
import { plotMetric } from './plot.ts';
import { runCell, type CellResult } from './run-cell.ts';
import { writeSheets } from './sheets.ts';
import { writeTables } from './table.ts';

const { values, positionals } = readCommandLine({
  usage: `npm run experiment -- ${EXPERIMENTS.map((name) => `[${name}]`).join(' ')}`,
  about: "Repeats the paper's comparisons with the shipped model. A repeated command continues where it stopped.",
  allowPositionals: true,
  options: {
    directory: { type: 'string', default: '.styleforge/experiment', help: 'folder of results, tables and plots' },
    model: { type: 'string', default: 'models/styleforge-mini', help: 'folder of the base model' },
    extractor: { type: 'string', default: 'models/mini-clip', help: 'folder of the feature extractor' },
    styles: { type: 'string', default: targetStyles.join(','), help: 'styles to train' },
    methods: { type: 'string', help: 'methods of the paper-table, such as base,lora (default: all)' },
    seeds: { type: 'string', default: '3', help: 'number of seeds' },
    'first-seed': { type: 'string', help: 'first seed, to share the seeds among machines (default: 1337)' },
    steps: { type: 'string', default: '200', help: 'training steps' },
    pictures: { type: 'string', default: '120', help: 'images to generate for each cell' },
    reference: { type: 'string', default: '400', help: 'reference images' },
    'sampling-steps': { type: 'string', help: 'sampling steps of each image' },
    'batch-size': { type: 'string', help: 'images sampled at a time' },
    'keep-images': { type: 'boolean', default: false, help: 'keep every generated image, and make a sheet for each style' },
    threads: { type: 'string', help: 'processor threads' },
  },
});

const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
const cells = listCells({
  experiments: positionals.length > 0 ? positionals : ['paper-table'],
  styles: values.styles.split(','),
  seeds: numberOption('seeds', values.seeds),
  firstSeed: optionalNumber('first-seed', values['first-seed']),
  steps: numberOption('steps', values.steps),
  methods: values.methods?.split(','),
});
const results = join(values.directory, 'results');
await mkdir(results, { recursive: true });
const extractor = await openExtractor({ name: 'mini-clip', weights: { path: values.extractor } });
const styleJudge = await openExtractor({ name: 'texture' });
const fileOf = (cell: Cell): string => join(results, `${cell.style}_${trainingKey(cell)}.json`);

async function known(cell: Cell): Promise<CellResult | null> {
  try {
    return { ...(JSON.parse(await readFile(fileOf(cell), 'utf8')) as CellResult), cell };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const done: CellResult[] = [];
for (const [index, cell] of cells.entries()) {
  const name = `${cell.experiment}: ${cell.variant}, ${cell.style}, seed ${cell.seed}`;
  const before = await known(cell);
  if (before === null) log(`${index + 1}/${cells.length} ${name}`);
  const result =
    before ??
    (await runCell(cell, {
      baseModelDirectory: values.model,
      directory: values.directory,
      extractor,
      styleJudge,
      pictures: numberOption('pictures', values.pictures),
      referencePictures: numberOption('reference', values.reference),
      log,
      keepsImages: values['keep-images'],
      threads: optionalNumber('threads', values.threads),
      samplingSteps: optionalNumber('sampling-steps', values['sampling-steps']),
      batchSize: optionalNumber('batch-size', values['batch-size']),
    }));
  if (before === null) {
    await writeFile(`${fileOf(cell)}.partial`, JSON.stringify(result));
    await rename(`${fileOf(cell)}.partial`, fileOf(cell));
    log(
      `  ${result.block.values.map(({ name: metric, timesThousand, value }) => `${metric} ${(timesThousand ?? value).toFixed(2)}`).join('  ')} ` +
        ` in ${result.seconds.toFixed(0)} s`,
    );
  }
  done.push(result);
}
await extractor.release();
await styleJudge.release();
const tables = join(values.directory, 'tables.md');
await writeFile(tables, writeTables(done));
for (const experiment of new Set(done.map(({ cell }) => cell.experiment))) {
  const own = done.filter(({ cell }) => cell.experiment === experiment);
  for (const { name } of own[0].block.values) {
    const metric = name.endsWith(`@${styleJudge.name}`) ? 'style' : name.replace(/@.*/, '');
    await writeFile(
      join(values.directory, `${experiment}-${metric}.svg`),
      plotMetric(own, name, `${experiment}: ${name}${name.startsWith('kid') ? ' × 1000' : ''}, mean and spread over the seeds`),
    );
  }
}
if (values['keep-images'])
  await writeSheets(
    values.directory,
    done.map(({ cell }) => cell).filter(({ experiment }) => experiment === 'paper-table'),
  );
log(`tables in ${tables}, plots next to it`);
