// Schema of a step or an index in a path.
import { z } from 'zod';

export const place = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
