// GET /v1/images/generations/{id}/events: what has happened to a generation, as pages or live as an event stream.
import { eventCursor, generationId, isFinishedGeneration, projectEventPage, stepPageQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { preferredFormat } from '../../../http/preferred-format.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentProjectEvent } from '../../../presenters/project-events.ts';
import { streamGenerationEvents } from '../../../services/events/generation-event-stream.ts';

const query = stepPageQuery(eventCursor.default(0).describe('Id of the last event seen'));

export function listGenerationEventsRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, eventStreamsPerKey = Number.POSITIVE_INFINITY } = dependencies;
  const schema = {
    operationId: 'listGenerationEvents',
    tags: ['generations'],
    summary: 'List the events of a generation, oldest first',
    description:
      '`generation.queued`, `generation.running`, `generation.image` for each image as soon as it is stored, and ' +
      'how it ended. Events are kept for a week. ' +
      'With `Accept: text/event-stream`, the response is a live stream that continues after `Last-Event-ID` and ' +
      'ends with the generation. The response is 204 if that was the last event of a finished generation, so that ' +
      'browsers stop reconnecting.',
    security,
    params: z.object({ id: generationId }),
    querystring: query,
    headers: z.object({ 'last-event-id': eventCursor.optional() }),
    response: {
      200: {
        description: 'Events',
        content: { 'application/json': { schema: projectEventPage }, 'text/event-stream': { schema: z.string() } },
      },
      204: z.undefined().describe('The generation has ended, and the caller has received its last event'),
      ...problemResponses('not_found', 'validation_failed', 'too_many_event_streams'),
    },
  };
  const open = new OpenSlots({ perKey: eventStreamsPerKey, code: 'too_many_event_streams', things: 'event streams', retrySeconds: 30 });
  app.get('/images/generations/:id/events', { schema }, async (request, reply) => {
    const { caller, params, headers } = request;
    const row = await database.generations.find(caller.projectId, params.id);
    if (row === null) throw notFound('generation', params.id);
    const { limit, after } = request.query;
    if (request.method !== 'HEAD' && preferredFormat(request, ['application/json', 'text/event-stream']) === 'text/event-stream') {
      const seen = headers['last-event-id'] ?? after;
      const next = { after: seen, limit: 1, subjectId: row.id };
      if (seen > 0 && isFinishedGeneration(row.status) && (await database.projectEvents.list(caller.projectId, next)).length === 0)
        return reply.code(204).send();
      open.add(caller.keyId, reply);
      return streamGenerationEvents(dependencies, { generationId: row.id, after: seen, caller }, reply);
    }
    const rows = await database.projectEvents.list(caller.projectId, { after, limit: limit + 1, subjectId: row.id });
    const data = rows.slice(0, limit).map(presentProjectEvent);
    const hasMore = rows.length > limit;
    return reply.type('application/json').send({ data, has_more: hasMore, next: hasMore ? String(data.at(-1)?.id) : null });
  });
}
