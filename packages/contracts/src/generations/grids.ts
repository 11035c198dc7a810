// A grid of images: one generation over all pairs of two settings, with the same seeds in every cell.
import { z } from 'zod';
import { requiredText } from '../common/text.ts';
import { SAMPLERS } from '../models/samplers.ts';

const MOST_VALUES = 16;
const whole = (most: number) => z.int().min(1).max(most);

/** The settings that can vary, with the schema of their values. */
const values = {
  prompt: requiredText(2000),
  /** null: none, as in the request. */
  negative_prompt: z.string().max(2000).nullable(),
  steps: whole(1000),
  guidance_scale: z.number().min(0).max(50),
  style_guidance: z.number().min(0).max(50),
  text_guidance: z.number().min(0).max(50),
  strength: z.number().gt(0).max(1),
  sampler: z.enum(SAMPLERS),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
} as const;
export const GRID_PARAMETERS = Object.keys(values) as (keyof typeof values)[];
export type GridParameter = keyof typeof values;

/** Schema for the OpenAPI document: the form of the values depends on the parameter. */
function whenParameterIs([parameter, ...others]: readonly GridParameter[]): object {
  if (parameter === undefined) return {};
  const { $schema: _dialect, ...items } = z.toJSONSchema(values[parameter], { io: 'input' });
  return {
    if: { properties: { parameter: { const: parameter } } },
    then: { properties: { values: { items } } },
    ...(others.length > 0 && { else: whenParameterIs(others) }),
  };
}

const axis = z
  .strictObject({
    parameter: z.enum(GRID_PARAMETERS as [GridParameter, ...GridParameter[]]).describe('The setting that varies along the axis'),
    values: z
      .array(z.union([z.string(), z.number(), z.null()]))
      .min(1)
      .max(MOST_VALUES)
      .describe('Values of the setting, as in the request; null is a value of `negative_prompt` only'),
  })
  .superRefine(({ parameter, values: listed }, context) => {
    for (const [index, value] of listed.entries()) {
      const { success, error } = values[parameter].safeParse(value);
      if (!success) context.addIssue({ code: 'custom', path: ['values', index], message: error.issues[0]?.message ?? 'is not valid' });
    }
  })
  .meta({ id: 'GridAxis', ...whenParameterIs(GRID_PARAMETERS) });
export type GridAxis = z.infer<typeof axis>;
export type GridValue = GridAxis['values'][number];

export const gridRequest = z
  .strictObject({ x: axis, y: axis.nullable().optional() })
  .refine(({ x, y }) => x.parameter !== y?.parameter, { path: ['y', 'parameter'], message: 'must differ from the setting of x' })
  .meta({ id: 'GenerationGridRequest' });
export type GenerationGridRequest = z.infer<typeof gridRequest>;

export const grid = z.object({ x: axis, y: axis.nullable() }).meta({ id: 'GenerationGrid' });
export type GenerationGrid = z.infer<typeof grid>;

export const cellCount = ({ x, y }: GenerationGridRequest): number => x.values.length * (y?.values.length ?? 1);

/** Column and row of a cell. Cells are numbered row by row. */
export function placeOf({ x }: GenerationGrid, cell: number): { x: number; y: number } {
  return { x: cell % x.values.length, y: Math.floor(cell / x.values.length) };
}

/** The settings that the cell changes, one for each axis. */
export function changesOf(of: GenerationGrid, cell: number): Partial<Record<GridParameter, GridValue>> {
  const at = placeOf(of, cell);
  return { [of.x.parameter]: of.x.values[at.x], ...(of.y && { [of.y.parameter]: of.y.values[at.y] }) };
}
