// PATCH /v1/prompt-sets/{id}
import { promptSet, promptSetId, updateNotesRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPromptSet } from '../../../presenters/prompt-sets.ts';
import { findPromptSet } from '../../../services/prompts/prompt-set-service.ts';

export function updatePromptSetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updatePromptSet',
    tags: ['prompt sets'],
    summary: 'Change the notes, metadata and star of a version of a prompt set',
    description: 'Allowed at any time. Omitted fields are not changed. The prompts never change: create a new version instead.',
    security,
    params: z.object({ id: promptSetId }),
    body: updateNotesRequest,
    response: { 200: promptSet, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/prompt-sets/:id', { schema }, async ({ caller: { projectId }, params: { id }, body }) => {
    const row = (await database.annotations.promptSet(projectId, id, body)) ? await findPromptSet(database, projectId, id) : null;
    if (row === null) throw notFound('prompt set', id);
    return presentPromptSet(row);
  });
}
