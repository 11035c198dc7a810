// The values that a setting accepts, read from its schema: for the documentation and for error messages.
import { z } from 'zod';

export interface AllowedValues {
  type?: string;
  enum?: unknown[];
  minimum?: number;
  /** Largest allowed number. Absent: no limit. */
  maximum?: number;
}

/** Allowed values of every setting, by its name. */
export function allowedValuesOf(schema: z.ZodObject): Record<string, AllowedValues> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, AllowedValues>;
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, { maximum, ...others }]) => [
      name,
      { ...others, ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { maximum }) },
    ]),
  );
}

/** Describes the allowed numbers: `a whole number from 0 to 65535`. Undefined if the setting is not a number. */
export function numberWanted({ type, minimum, maximum }: AllowedValues): string | undefined {
  if (type !== 'integer' && type !== 'number') return undefined;
  const range = minimum === undefined ? '' : maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
  return `a ${type === 'integer' ? 'whole number' : 'number'}${range}`;
}
