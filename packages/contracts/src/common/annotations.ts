// Annotations of an object: a name, notes, metadata and a star.
import { z } from 'zod';

export const metadata = z
  .record(z.string().regex(/^[^:]{1,64}$/s, 'must have 1 to 64 characters and no colon'), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'must have at most 16 pairs');

const name = z.string().trim().min(1).max(200);
const fields = {
  notes: z.string().max(10_000).optional(),
  metadata: metadata.optional().describe('Replaces all existing pairs'),
  starred: z.boolean().optional(),
};
const hasField = (body: object) => Object.keys(body).length > 0;
const examples = [{ notes: 'the best so far', starred: true }];

/** Changes to objects whose name is optional. */
export const updateAnnotationsRequest = z
  .strictObject({ name: name.nullable().optional().describe('null removes the name'), ...fields })
  .refine(hasField, 'must name at least one field')
  .meta({ id: 'UpdateAnnotationsRequest', examples });
/** Changes to objects that always have a name. */
export const updateNamedRequest = z
  .strictObject({ name: name.optional(), ...fields })
  .refine(hasField, 'must name at least one field')
  .meta({ id: 'UpdateNamedRequest', examples });
/** Changes to versions, whose name never changes. */
export const updateNotesRequest = z
  .strictObject(fields)
  .refine(hasField, 'must name at least one field')
  .meta({ id: 'UpdateNotesRequest', examples });
export type AnnotationChange = z.infer<typeof updateAnnotationsRequest>;

/** Fields of responses that show these annotations. */
export const notesFields = {
  notes: z.string(),
  starred: z.boolean(),
  metadata: z.record(z.string(), z.string()),
};
export const annotationFields = { name: z.string().nullable(), ...notesFields };
