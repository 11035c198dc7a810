// GET /v1/training-jobs/{id}/events: the log as pages, or live as an event stream.
import { isFinishedJob, jobEventPage, stepCursor, stepPageQuery, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { preferredFormat } from '../../../http/preferred-format.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvent } from '../../../presenters/training-jobs.ts';
import { streamEvents } from '../../../services/events/event-stream.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

const query = stepPageQuery(stepCursor.default(0).describe('Sequence number of the last event seen'));
const headers = z.object({ 'last-event-id': stepCursor.optional() });

export function listEventsRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, eventStreamsPerKey = Number.POSITIVE_INFINITY } = dependencies;
  const schema = {
    operationId: 'listTrainingJobEvents',
    tags: ['training jobs'],
    summary: 'Read the event log, oldest first',
    description:
      'With `Accept: text/event-stream`, the response is a live stream that continues after `Last-Event-ID` and ' +
      'ends with the job. The response is 204 if that was the last event of a finished job, so that browsers stop reconnecting.',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: query,
    headers,
    response: {
      200: {
        description: 'Events',
        content: { 'application/json': { schema: jobEventPage }, 'text/event-stream': { schema: z.string() } },
      },
      204: z.undefined().describe('The job has ended, and the caller has received its last event'),
      ...problemResponses('not_found', 'validation_failed', 'too_many_event_streams'),
    },
  };
  const open = new OpenSlots({ perKey: eventStreamsPerKey, code: 'too_many_event_streams', things: 'event streams', retrySeconds: 30 });
  app.get('/training-jobs/:id/events', { schema }, async (request, reply) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const { limit, after } = request.query;
    if (request.method !== 'HEAD' && preferredFormat(request, ['application/json', 'text/event-stream']) === 'text/event-stream') {
      const seen = request.headers['last-event-id'] ?? after;
      if (isFinishedJob(job.status) && job.eventCount > 0 && seen >= job.eventCount) return reply.code(204).send();
      open.add(request.caller.keyId, reply);
      return streamEvents(dependencies, { jobId: job.id, after: seen, caller: request.caller }, reply);
    }
    const rows = await database.events.list(job.id, after, limit + 1);
    const data = rows.slice(0, limit).map(presentEvent);
    const hasMore = rows.length > limit;
    return reply.type('application/json').send({ data, has_more: hasMore, next: hasMore ? String(data.at(-1)?.sequence) : null });
  });
}
