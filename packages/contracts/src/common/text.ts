// Text as callers send it: measured with the blanks around it, as the document says, and stored without them.
import { z } from 'zod';

/** Must hold more than blanks. */
export const requiredText = (longest: number) => z.string().min(1, { abort: true }).max(longest).regex(/\S/, 'must not be blank').trim();

export const optionalText = (longest: number) => z.string().max(longest).trim();
