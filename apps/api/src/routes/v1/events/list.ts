// GET /v1/events: what happens in the project, as pages or live as an event stream.
import { eventCursor, PROJECT_EVENT_DAYS, projectEventPage, projectEventQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { preferredFormat } from '../../../http/preferred-format.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentProjectEvent } from '../../../presenters/project-events.ts';
import { streamProjectEvents } from '../../../services/events/project-event-stream.ts';

const headers = z.object({ 'last-event-id': eventCursor.optional() });

export function listProjectEventsRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, eventStreamsPerKey = Number.POSITIVE_INFINITY } = dependencies;
  const schema = {
    operationId: 'listProjectEvents',
    tags: ['events'],
    summary: 'List the events of the project, oldest first',
    description:
      'Training jobs, generations, evaluations, studies, models, and the workers of the installation; kept for ' +
      `${PROJECT_EVENT_DAYS} days. With \`Accept: text/event-stream\` one live stream of the whole project: ` +
      'it continues after `Last-Event-ID` or `after`, begins now without either, and does not end by itself. ' +
      'It also sends `training_job.progress` with `subject_id` and `data`, at most once a second for each job; ' +
      'these have no id and are not kept.',
    security,
    querystring: projectEventQuery,
    headers,
    response: {
      200: {
        description: 'Events',
        content: { 'application/json': { schema: projectEventPage }, 'text/event-stream': { schema: z.string() } },
      },
      ...problemResponses('validation_failed', 'too_many_event_streams'),
    },
  };
  const open = new OpenSlots({ perKey: eventStreamsPerKey, code: 'too_many_event_streams', things: 'event streams', retrySeconds: 30 });
  app.get('/events', { schema }, async (request, reply) => {
    const { caller } = request;
    const { limit, after, types } = request.query;
    if (request.method !== 'HEAD' && preferredFormat(request, ['application/json', 'text/event-stream']) === 'text/event-stream') {
      open.add(caller.keyId, reply);
      return streamProjectEvents(dependencies, { caller, after: request.headers['last-event-id'] ?? after, types }, reply);
    }
    const rows = await database.projectEvents.list(caller.projectId, { after: after ?? 0, limit: limit + 1, types });
    const data = rows.slice(0, limit).map(presentProjectEvent);
    const hasMore = rows.length > limit;
    return reply.type('application/json').send({ data, has_more: hasMore, next: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
}
