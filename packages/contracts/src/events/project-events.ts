// The events of a whole project, as pages or as one live stream.
import { z } from 'zod';
import { numberText, pageOf, stepPageQuery, timestamp } from '../common/pages.ts';

/** Days for which an event can be read. */
export const PROJECT_EVENT_DAYS = 7;
/** Type of progress events, which are sent live and not stored, at most once a second for each job. */
export const PROGRESS_EVENT = 'training_job.progress';

/** Number of an event. Ids of a Postgres bigint stay below 2^53 for ages. */
export const eventCursor = z.preprocess(numberText, z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER));

const TYPE = String.raw`\s*[a-z_]+\.(?:[a-z_]+|\*)\s*`;
const eventTypes = z
  .string()
  .regex(new RegExp(`^${TYPE}(?:,${TYPE}){0,49}$`), 'must be types such as training_job.*,generation.succeeded')
  .transform((text) => text.split(',').map((type) => type.trim()));

export const projectEventQuery = stepPageQuery(eventCursor.optional().describe('Id of the last event seen')).extend({
  types: eventTypes
    .optional()
    .describe(
      'Event types, separated by commas; `training_job.*` stands for all types that begin with `training_job.`. Default: all types',
    ),
});

export const projectEvent = z
  .object({
    id: z.string().describe('Increases with every event of the project; the value for `after` and `Last-Event-ID`'),
    type: z
      .string()
      .describe(
        '`training_job.queued` and the other statuses, `checkpoint.saved`, `validation.done`, `generation.image`, ' +
          '`generation.succeeded`, `evaluation.succeeded`, `study.finished`, `model.created`, `worker.online`, ' +
          '`worker.draining`, `worker.drained`, `worker.stopping`, `worker.stopped`, `worker.lost` and others',
      ),
    subject_id: z.string().describe('What the event is about: a training job, generation, evaluation, study, model or worker'),
    data: z.record(z.string(), z.unknown()),
    created_at: timestamp,
  })
  .meta({ id: 'ProjectEvent' });
export type ProjectEventBody = z.infer<typeof projectEvent>;

export const projectEventPage = pageOf(projectEvent, 'ProjectEventPage');
