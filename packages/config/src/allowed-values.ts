// What a setting may be, read from its schema: for the documentation, and for who has given something else.
import { z } from 'zod';

export interface AllowedValues {
  type?: string;
  enum?: unknown[];
  minimum?: number;
  /** Largest allowed number; absent where there is none. */
  maximum?: number;
}

/** Allowed values by the name of the setting. */
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

/** `a whole number from 0 to 65535`; undefined for what is not a number. */
export function numberWanted({ type, minimum, maximum }: AllowedValues): string | undefined {
  if (type !== 'integer' && type !== 'number') return undefined;
  const range = [minimum !== undefined && ` from ${minimum}`, maximum === undefined ? minimum !== undefined && ' on' : ` to ${maximum}`]
    .filter(Boolean)
    .join('');
  return `a ${type === 'integer' ? 'whole number' : 'number'}${range}`;
}
