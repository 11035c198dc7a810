// GET /v1/training-jobs/{id}/events: the log as pages, or live as an event stream.
import { jobEventPage, stepCursor, stepPageQuery, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { preferredFormat } from '../../../http/preferred-format.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvent } from '../../../presenters/training-jobs.ts';
import { streamEvents } from '../../../services/event-stream.ts';
import { OpenStreams } from '../../../services/open-streams.ts';
import { findTrainingJob } from '../../../services/read-training-job.ts';

const query = stepPageQuery(stepCursor.default(0).describe('Sequence number of the last event seen'));
const headers = z.object({ 'last-event-id': stepCursor.optional() });

export function listEventsRoute(app: ApiServer, { database, eventStreamsPerKey = Number.POSITIVE_INFINITY }: ApiDependencies): void {
  const schema = {
    tags: ['training jobs'],
    summary: 'The event log, oldest first',
    description: 'With `Accept: text/event-stream` a live stream that goes on after `Last-Event-ID` and ends with the job.',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: query,
    headers,
    response: {
      200: {
        description: 'Events',
        content: { 'application/json': { schema: jobEventPage }, 'text/event-stream': { schema: z.string() } },
      },
      ...problemResponses('not_found', 'validation_failed', 'too_many_event_streams'),
    },
  };
  const open = new OpenStreams(eventStreamsPerKey);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.get('/training-jobs/:id/events', { schema }, async (request, reply) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const { limit, after } = request.query;
    if (request.method !== 'HEAD' && preferredFormat(request, ['application/json', 'text/event-stream']) === 'text/event-stream') {
      open.add(request.caller.keyId, reply);
      const stream = { jobId: job.id, after: request.headers['last-event-id'] ?? after, closing: closing.signal };
      return streamEvents(database, stream, reply);
    }
    const rows = await database.events.list(job.id, after, limit + 1);
    const data = rows.slice(0, limit).map(presentEvent);
    const hasMore = rows.length > limit;
    return reply.type('application/json').send({ data, has_more: hasMore, next: hasMore ? String(data.at(-1)?.sequence) : null });
  });
}
