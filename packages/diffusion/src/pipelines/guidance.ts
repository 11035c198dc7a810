// Combines predictions for several prompts: classifier-free guidance, and StyleDrop's two scales.

/** Classifier-free guidance (arXiv 2207.12598): the first half of `prediction` is for the negative prompts, the second for the prompts. */
export function guide(prediction: Float32Array, scale: number): Float32Array {
  const half = prediction.length / 2;
  const guided = new Float32Array(half);
  for (let i = 0; i < half; i++) guided[i] = prediction[i] + scale * (prediction[half + i] - prediction[i]);
  return guided;
}

/** Strengths of the style and of the prompt in a prediction (arXiv 2306.00983, section 3.2: lambda_A and lambda_B). */
export interface StyleGuidance {
  readonly style: number;
  readonly text: number;
}

/** Whether the base model's prediction for the prompt is needed; with equal scales it cancels out. */
export const needsBasePrediction = ({ style, text }: StyleGuidance): boolean => style !== text;

export interface StylePredictions {
  /** Prediction of the adapted model for the prompts. */
  readonly adapted: Float32Array;
  /** Prediction of the base model for the prompts; required if `needsBasePrediction`. */
  readonly base?: Float32Array | undefined;
  /** Prediction of the base model for the negative prompts. */
  readonly negative: Float32Array;
}

/** adapted + style * (adapted - base) + text * (base - negative) */
export function guideStyle({ adapted, base, negative }: StylePredictions, scales: StyleGuidance): Float32Array {
  const { style, text } = scales;
  if (!needsBasePrediction(scales)) return adapted.map((value, i) => value + text * (value - negative[i]!));
  if (!base) throw new Error('style guidance with two different scales needs the prediction of the base model');
  return adapted.map((value, i) => value + style * (value - base[i]!) + text * (base[i]! - negative[i]!));
}
