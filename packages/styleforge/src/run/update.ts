// One update of the weights, for every kind of run: its passes, repeated if gradients overflow float16, then the optimizer.
import { type TrainingProgram, type Update, type UpdateOptions } from '@styleforge/runtime';
import { NonFiniteLossError } from '../config.ts';

export interface UpdatePlan<Losses> extends UpdateOptions {
  /** Forward and backward passes whose gradients are summed. */
  readonly makePasses: () => Promise<Losses>;
  /** Explains where and why the loss may have been lost: the end of the error's message. */
  readonly explain: (losses: Losses) => string;
}

/** Makes an update. Throws NonFiniteLossError without updating anything if the loss or the norm of the gradients is not finite. */
export async function makeUpdate<Losses extends { readonly loss: number }>(
  program: Pick<TrainingProgram<never>, 'update'>,
  { makePasses, explain, ...options }: UpdatePlan<Losses>,
): Promise<Losses & Pick<Update, 'gradNorm'>> {
  for (;;) {
    const losses = await makePasses();
    const isFinite = Number.isFinite(losses.loss);
    const { gradNorm, overflowed } = isFinite ? await program.update(options) : { gradNorm: NaN, overflowed: false };
    if (Number.isFinite(gradNorm)) return { ...losses, gradNorm };
    if (!overflowed) throw new NonFiniteLossError(`loss ${losses.loss}, gradient norm ${gradNorm} ${explain(losses)}`);
  }
}
