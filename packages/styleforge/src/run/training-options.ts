// What a training is given, and what it tells while it runs and at its end.
import { type CompileOptions, type DeviceName } from '@styleforge/runtime';
import { type TrainingInputs } from '../data/check-inputs.ts';
import { type Reconstruction } from '../data/reconstruction.ts';
import { type CompiledShape } from '../loss/shaped-step.ts';
import { type ValidationScore } from './early-stopping.ts';
import { type MemoryPlan } from './memory-plan.ts';
import { type RunRequests } from './run-requests.ts';
import { type Validation } from './validation.ts';

export interface TrainingProgress {
  /** Updates made, and how many there will be. */
  readonly step: number;
  readonly of: number;
  /** styleRefLoss + lambda * auxLoss */
  readonly loss: number;
  readonly styleRefLoss: number;
  /** null where there is no Aux part. */
  readonly auxLoss: number | null;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  /** The rate of this update: with Prodigy its estimate is part of it. */
  readonly learningRate: number;
  /** StyleRef and Aux samples together. */
  readonly samplesPerSecond: number;
  readonly stepSeconds: number;
}

export interface Recomputation {
  /** The step that is repeated. */
  readonly step: number;
  /** What was missing. */
  readonly reason: string;
}

export interface TrainStyleForgeOptions extends TrainingInputs {
  readonly baseModelDirectory: string;
  /** Checkpoints are written below it as `checkpoint-<step>`. */
  readonly workDirectory: string;
  /** A checkpoint directory to continue from. */
  readonly resumeFrom?: string;
  /** Aborting saves a checkpoint, then throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly compile?: CompileOptions;
  /** Further devices: they share the passes of an update, `gradient_accumulation_steps`. */
  readonly replicas?: readonly DeviceName[];
  /** Called before the first step of a new training. */
  readonly onReconstruction?: (reconstruction: Reconstruction) => void | Promise<void>;
  /** The inputs are checked and everything is loaded; the first step follows. */
  readonly onStart?: () => void | Promise<void>;
  /** Called with buckets, when a graph for a further size was compiled before the step that needs it. */
  readonly onShape?: (shape: CompiledShape) => void;
  /** On a card whose memory is known, before anything is allocated for the training. */
  readonly onMemoryPlan?: (plan: MemoryPlan) => void;
  /** The device had too little memory for a step; it is repeated, and all activations are computed again from there on. */
  readonly onRecomputation?: (news: Recomputation) => void | Promise<void>;
  readonly onProgress?: (progress: TrainingProgress) => void | Promise<void>;
  /** The directory is complete: the adaptation's files and the trainer's state. */
  readonly onCheckpoint?: (checkpoint: SavedCheckpoint) => void | Promise<void>;
  /** Every `validation.every_steps` steps and at the end; takes the images one by one. Early stopping uses its score. */
  readonly onValidation?: (validation: Validation) => Promise<{ score: number } | void>;
  readonly requests?: RunRequests;
}

export interface SavedCheckpoint {
  readonly step: number;
  readonly directory: string;
  /** The step whose validation has scored best so far, with early stopping. */
  readonly best: ValidationScore | null;
}

export interface TrainingResult {
  readonly finalStep: number;
  readonly directory: string;
  readonly best: ValidationScore | null;
  /** Scores of every validation, with early stopping. */
  readonly scores: readonly ValidationScore[];
}
