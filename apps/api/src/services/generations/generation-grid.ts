// Fills in the tokens of a generation's grid, and finds settings that do not fit the rest of the request.
import { withTokens } from '@styleforge/contracts';
import type {
  CreateGenerationRequest,
  GenerationConfig,
  GenerationGrid,
  GenerationGridRequest,
  GridAxis,
  BoundToken,
} from '@styleforge/contracts';
import { ApiError } from '../../errors/api-error.ts';
import { refusePlaceholders } from '../prompts/placeholders.ts';

type Axis = 'x' | 'y';

const axesOf = ({ x, y }: GenerationGridRequest): [Axis, GridAxis][] => [['x', x], ...(y ? [['y', y] as [Axis, GridAxis]] : [])];

export function resolveGrid(body: CreateGenerationRequest, components: readonly BoundToken[]): GenerationGrid | null {
  if (!body.grid) return null;
  for (const [name, { parameter, values }] of axesOf(body.grid)) {
    if (parameter === 'prompt')
      refusePlaceholders(values.map(String), { model: body.model, components }, (index) => `/grid/${name}/values/${index}`);
  }
  const filled = (axis: GridAxis): GridAxis =>
    axis.parameter === 'prompt' ? { ...axis, values: axis.values.map((value) => withTokens(String(value), components)) } : axis;
  return { x: filled(body.grid.x), y: body.grid.y ? filled(body.grid.y) : null };
}

/** Settings that a grid varies must have a meaning in the request. */
export function checkGrid({ grid, image, style_guidance: style }: GenerationConfig): void {
  const errors = (grid ? axesOf(grid) : []).flatMap(([name, { parameter }]) => {
    const pointer = `/grid/${name}/parameter`;
    if (parameter === 'strength' && image === null)
      return [{ pointer, detail: 'strength applies only to image: set an image to start from' }];
    if ((parameter === 'style_guidance' || parameter === 'text_guidance') && style === null)
      return [{ pointer, detail: `${parameter} varies style guidance: set style_guidance or text_guidance too` }];
    return [];
  });
  const [first] = errors;
  if (first) throw new ApiError('validation_failed', `${first.pointer}: ${first.detail}`, errors);
}
