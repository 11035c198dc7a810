// `styleforge report`: shows the report of an evaluation, as a table in the terminal or as a page in the browser.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report, StyleForge } from '@styleforge/sdk';
import type { Command } from 'commander';
import open from 'open';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { addVerb } from '../../verb.ts';
import { showReport } from './show-report.ts';

interface ReportOptions {
  open?: boolean;
  out?: string;
}

export function addReportCommand(program: Command): void {
  addVerb(program, {
    usage: 'report <job-or-evaluation>',
    description: 'Show the report of an evaluation, as a table or as a page with its images',
    examples: ['styleforge report job_...', 'styleforge report job_... --open', 'styleforge report eval_... --out report.html'],
    options: (command) =>
      void command.option('--open', 'open the page in the browser').option('-o, --out <file>', 'save the page to this file'),
    run: printReport,
  });
}

async function printReport({ client, output }: Context, options: ReportOptions, id: string): Promise<void> {
  const source = sourceOf(client(), id);
  const report: Report = await source.report(id);
  const file = await savePage(options, id, () => source.reportPage(id));
  output.result({ ...report, ...(file && { file }) }, () => {
    showReport(output, report);
    output.line(file ? `\nThe page: ${file}` : `\nWith its images: styleforge report ${id} --open`);
  });
  if (options.open && file) await open(file);
}

function sourceOf({ trainingJobs, evaluations }: StyleForge, id: string): Pick<StyleForge['evaluations'], 'report' | 'reportPage'> {
  if (id.startsWith('job_')) return trainingJobs;
  if (id.startsWith('eval_')) return evaluations;
  throw new UsageError(`${id}: must be the id of a training job (job_...) or of an evaluation (eval_...)`);
}

/** Fetches the page and opens it as a file, because the browser does not have the API key. */
async function savePage({ out, open: opens }: ReportOptions, id: string, read: () => Promise<string>): Promise<string | undefined> {
  if (out === undefined && !opens) return undefined;
  const file = out ?? join(await mkdtemp(join(tmpdir(), 'styleforge-report-')), `${id}.html`);
  await writeFile(file, await read());
  return file;
}
