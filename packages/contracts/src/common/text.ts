// Text from callers: its length is checked with the blanks around it, as the OpenAPI document says, and it is stored without them.
import { z } from 'zod';

/** Text that contains more than blanks. */
export const requiredText = (longest: number) => z.string().min(1, { abort: true }).max(longest).regex(/\S/, 'must not be blank').trim();

export const optionalText = (longest: number) => z.string().max(longest).trim();
