// The end of the log that workers have written about a training job.
import { z } from 'zod';
import { timestamp } from '../common/pages.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const jobLogLine = z
  .object({
    time: timestamp.describe('Time at which the worker wrote the line'),
    level: z.enum(LOG_LEVELS),
    attempt: z.int().nullable().describe('Attempt of the job that the line belongs to'),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).describe('Fields of the line, such as `step`'),
  })
  .meta({ id: 'TrainingJobLogLine' });
export type JobLogLine = z.infer<typeof jobLogLine>;

export const jobLog = z
  .object({
    training_job_id: z.string(),
    data: z.array(jobLogLine).describe('The last lines, oldest first'),
    has_earlier: z.boolean().describe('Whether there were earlier lines'),
  })
  .meta({ id: 'TrainingJobLog' });
export type JobLogBody = z.infer<typeof jobLog>;

export const jobLogQuery = z.object({
  lines: z.coerce.number().int().min(1).max(1_000).default(200).describe('The number of lines'),
});

/** The last lines of a stored log. Omits a line that was cut. */
export function readJobLog(text: string, count: number, isCut: boolean): Pick<JobLogBody, 'data' | 'has_earlier'> {
  const stored = text.split('\n').filter((line) => line !== '');
  const lines = stored.slice(-count).flatMap((line) => {
    const parsed = parse(line);
    return parsed === undefined ? [] : [parsed];
  });
  return { data: lines, has_earlier: isCut || stored.length > count };
}

function parse(line: string): JobLogLine | undefined {
  try {
    return jobLogLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
