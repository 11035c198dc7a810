// Placeholders in prompts for a model that has no tokens.
import { TOKEN_PLACEHOLDER } from '@styleforge/contracts';
import type { BoundToken } from '@styleforge/contracts';
import { ApiError } from '../../errors/api-error.ts';

/**
 * Throws `validation_failed` when a prompt has a placeholder and `model` has no tokens. `pointerOf`: from a prompt's index to its field.
 */
export function refusePlaceholders(
  prompts: readonly string[],
  { model, components }: { model: string; components: readonly BoundToken[] },
  pointerOf: (index: number) => string,
): void {
  if (components.length > 0) return;
  const detail =
    `${TOKEN_PLACEHOLDER} stands for the token of a trained model; ${model} has none: name the style in words, or ` + 'a job in model';
  const pointers = new Set(prompts.flatMap((prompt, index) => (prompt.includes(TOKEN_PLACEHOLDER) ? [pointerOf(index)] : [])));
  const errors = [...pointers].map((pointer) => ({ pointer, detail }));
  if (errors.length > 0) throw new ApiError('validation_failed', errors.map(({ pointer }) => `${pointer}: ${detail}`).join('; '), errors);
}
