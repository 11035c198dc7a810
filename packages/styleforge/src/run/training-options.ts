// Input of a training, and what it reports while it runs and at its end.
import { type CompileOptions, type DeviceName } from '@styleforge/runtime';
import { type TrainingInputs } from '../data/check-inputs.ts';
import { type Reconstruction } from '../data/reconstruction.ts';
import { type CompiledShape } from '../loss/shaped-step.ts';
import { type ValidationScore } from './early-stopping.ts';
import { type MemoryPlan } from './memory-plan.ts';
import { type RunRequests } from './run-requests.ts';
import { type Validation } from './validation.ts';

export interface TrainingProgress {
  /** Number of updates made, and their total. */
  readonly step: number;
  readonly of: number;
  /** styleRefLoss + lambda * auxLoss */
  readonly loss: number;
  readonly styleRefLoss: number;
  /** null without an Aux part */
  readonly auxLoss: number | null;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  /** The rate of this update. With Prodigy it includes the estimate. */
  readonly learningRate: number;
  /** StyleRef and Aux samples per second. */
  readonly samplesPerSecond: number;
  readonly stepSeconds: number;
}

export interface Recomputation {
  /** The step that is repeated. */
  readonly step: number;
  /** The missing memory. */
  readonly reason: string;
}

export interface TrainStyleForgeOptions extends TrainingInputs {
  readonly baseModelDirectory: string;
  /** Directory in which checkpoints are written as `checkpoint-<step>`. */
  readonly workDirectory: string;
  /** A checkpoint directory to continue from. */
  readonly resumeFrom?: string;
  /** Aborting saves a checkpoint, then throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly compile?: CompileOptions;
  /** Additional devices, which share the passes of an update (`gradient_accumulation_steps`). */
  readonly replicas?: readonly DeviceName[];
  /** Called once in a new training: after the first step, or on a device with memory of its own before it. */
  readonly onReconstruction?: (reconstruction: Reconstruction) => void | Promise<void>;
  /** Called before the first step, when the inputs are checked and everything is loaded. */
  readonly onStart?: () => void | Promise<void>;
  /** Called with buckets, when the graph for another size was compiled, before the step that needs it. */
  readonly onShape?: (shape: CompiledShape) => void;
  /** Called on a card whose memory is known, before anything is allocated for the training. */
  readonly onMemoryPlan?: (plan: MemoryPlan) => void;
  /** Called when the device had too little memory for a step, which is then repeated; all activations are computed again from there on. */
  readonly onRecomputation?: (news: Recomputation) => void | Promise<void>;
  readonly onProgress?: (progress: TrainingProgress) => void | Promise<void>;
  /** Called when the directory is complete, with the adaptation's files and the trainer's state. */
  readonly onCheckpoint?: (checkpoint: SavedCheckpoint) => void | Promise<void>;
  /** Called every `validation.every_steps` steps and at the end; receives the images one by one. Early stopping uses the returned score. */
  readonly onValidation?: (validation: Validation) => Promise<{ score: number } | void>;
  readonly requests?: RunRequests;
}

export interface SavedCheckpoint {
  readonly step: number;
  readonly directory: string;
  /** The step with the best validation so far, with early stopping. */
  readonly best: ValidationScore | null;
}

export interface TrainingResult {
  readonly finalStep: number;
  readonly directory: string;
  readonly best: ValidationScore | null;
  /** Scores of every validation, with early stopping. */
  readonly scores: readonly ValidationScore[];
}
