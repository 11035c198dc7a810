// Schema of methods.json: cases of several kinds.
import { type ReferenceFolder } from '../reference-folder.ts';
import { type StepRecord } from '../training-cases.ts';

/** Fields of all cases; the others depend on the kind. */
export interface MethodCase {
  readonly kind: string;
  readonly checkpoint: string;
  readonly file: string;
  readonly [setting: string]: unknown;
}

export interface Methods {
  /** Start and end token of a text. */
  readonly begin_id: number;
  readonly end_id: number;
  readonly cases: Readonly<Record<string, MethodCase>>;
}

/** `initial.* of FILE`: the tensors of a training case's file with this prefix. */
export function tensorsOf(text: unknown): { readonly prefix: string; readonly file: string } {
  const [, prefix, file] = /^(\w+\.)\* of (.+)$/.exec(String(text)) ?? [];
  if (prefix === undefined || file === undefined) throw new Error(`'${String(text)}' is not of the form 'initial.* of FILE'`);
  return { prefix, file };
}

export interface CaseInputs {
  readonly folder: ReferenceFolder;
  readonly name: string;
  readonly methods: Methods;
}

export interface TrainCase extends MethodCase {
  readonly method: string;
  readonly steps: number;
  readonly n_style_ref: number;
  readonly n_aux: number;
  readonly lambda: number;
  /** Weights of both parts of the loss, in Custom Diffusion. */
  readonly instance_weight?: number;
  readonly prior_weight?: number;
  readonly snr_gamma: number | null;
  readonly max_grad_norm: number | null;
  readonly adam: readonly [number, number, number];
  /** Absent if only gradients are compared. */
  readonly groups?: Readonly<Record<string, { readonly learning_rate: number; readonly weight_decay: number }>>;
  readonly without_path: readonly string[];
  readonly records: readonly StepRecord[];
}
