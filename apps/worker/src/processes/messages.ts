// Messages between a worker and its child process, validated on both sides.
import {
  ADAPTATION_KINDS,
  CLIP_EXTRACTORS,
  EXPORT_FORMATS,
  GRADIENT_KERNELS,
  type NamedDevice,
  parseDevice,
  sampleSettings,
} from '@styleforge/contracts';
import { origin, tracingConfig } from '@styleforge/telemetry';
import { z } from 'zod';

const images = z.array(
  z.object({ path: z.string(), fileName: z.string(), caption: z.string().nullable(), maskPath: z.string().nullable() }),
);

const device = z.custom<NamedDevice>((value) => typeof value === 'string' && parseDevice(value) !== null);
export const compileSettings = z.object({
  device,
  threads: z.number().optional(),
  gradientKernels: z.enum(GRADIENT_KERNELS).optional(),
});

const trainingTask = z.object({
  kind: z.literal('train'),
  compile: compileSettings,
  /** Further devices that share the passes of each step. */
  replicas: z.array(device),
  baseModelDirectory: z.string(),
  config: z.unknown(),
  styleRef: z.array(z.object({ component: z.string(), token: z.string(), prompt: z.string(), images })),
  aux: z.object({ prompt: z.string(), images }).nullable(),
  /** Reference images of early stopping by KID. */
  reference: z.array(z.string()),
  /** Folder of feature extractors, each in a folder of its name. */
  extractorsDirectory: z.string(),
  workDirectory: z.string(),
  /** Whether the process returns freed memory immediately, at the cost of time. */
  savesMemory: z.boolean(),
  /** Folder of class images; new ones join those that were made before. */
  classImagesDirectory: z.string(),
  resumeFrom: z.string().optional(),
});
export type TrainingTask = z.infer<typeof trainingTask>;

/** Generates the images of one model that are still missing. */
const drawTask = z.object({
  kind: z.literal('draw'),
  compile: compileSettings,
  modelDirectory: z.string(),
  config: z.unknown(),
  /** Index in the evaluation's list of models. */
  model: z.number(),
  /** Indexes of the images that exist already. */
  made: z.array(z.number()),
  extractorsDirectory: z.string(),
});
export type DrawTask = z.infer<typeof drawTask>;

/** Compares the images of all models with the reference and the prompts. */
const measureTask = z.object({
  kind: z.literal('measure'),
  compile: compileSettings,
  config: z.unknown(),
  /** Files of the images of each model, in order. */
  drawn: z.array(z.array(z.string())),
  reference: z.array(z.string()),
  /** Training images of the first model. */
  styleRef: z.array(z.string()),
  /** Scores of the training's validations. */
  history: z.array(z.object({ step: z.number(), scores: z.record(z.string(), z.number()) })),
  /** The first model and its StyleRef images, if its tokens are to be compared. */
  tokens: z.object({ modelDirectory: z.string(), components: trainingTask.shape.styleRef }).nullable(),
  extractorsDirectory: z.string(),
  /** Folder in which features of reference images are kept for later evaluations. */
  cacheDirectory: z.string(),
});
export type MeasureTask = z.infer<typeof measureTask>;

/** Scores each image with the text of the same index. */
const scoreTask = z.object({
  kind: z.literal('score'),
  images: z.array(z.string()),
  texts: z.array(z.string()),
  extractor: z.enum(CLIP_EXTRACTORS),
  extractorsDirectory: z.string(),
});
export type ScoreTask = z.infer<typeof scoreTask>;
/** Makes one file of a checkpoint. */
const exportTask = z.object({
  kind: z.literal('export'),
  format: z.enum(EXPORT_FORMATS),
  rank: z.number(),
  adaptation: z.enum(ADAPTATION_KINDS),
  /** The checkpoint's files. */
  directory: z.string(),
  /** The base model's folder, if it is needed. */
  base: z.string().nullable(),
  out: z.string(),
});
export type ExportTask = z.infer<typeof exportTask>;

/** Checks whether the device is available. */
const deviceTask = z.object({ kind: z.literal('check-device'), device });

export const task = z.discriminatedUnion('kind', [trainingTask, drawTask, measureTask, scoreTask, exportTask, deviceTask]);
export type Task = z.infer<typeof task>;

/** Telemetry of the child, with the ids of its parent's work. */
const childTelemetry = z.object({
  origin,
  logLevel: z.string(),
  logBindings: z.record(z.string(), z.unknown()),
  tracing: tracingConfig.optional(),
});
export type ChildTelemetry = z.infer<typeof childTelemetry>;

/** Request for a checkpoint or samples without stopping; the child replies with `request-met`. */
const request = z.object({
  type: z.literal('request'),
  id: z.number(),
  /** Sample images; null for a checkpoint. */
  sample: sampleSettings.nullable(),
});
export type ChildRequest = z.infer<typeof request>;

export const messageToChild = z.discriminatedUnion('type', [
  request,
  z.object({ type: z.literal('start'), task, telemetry: childTelemetry }),
  /** Loads code and files of a training; its task comes later. */
  z.object({ type: z.literal('prepare'), baseModelDirectory: z.string() }),
  z.object({ type: z.literal('abort') }),
  /** Reply to a numbered message: its content is stored, and the child may continue. */
  z.object({ type: z.literal('saved'), number: z.number() }),
]);
export type MessageToChild = z.infer<typeof messageToChild>;

const progress = z.object({
  type: z.literal('progress'),
  step: z.number(),
  of: z.number(),
  loss: z.number(),
  styleRefLoss: z.number(),
  auxLoss: z.number().nullable(),
  gradNorm: z.number(),
  learningRate: z.number(),
  samplesPerSecond: z.number(),
  stepSeconds: z.number(),
  /** Peak memory of the process so far, in bytes. */
  peakMemoryBytes: z.number(),
  /** On a card: memory that the training has taken, and whether it recomputes activations. */
  card: z.object({ memoryBytes: z.number(), recomputes: z.boolean() }).nullable(),
});
export type Progress = z.infer<typeof progress>;

/** Sides of the latents for which a further training graph was compiled (with buckets). */
const compiledShape = z.object({ type: z.literal('compiled-shape'), height: z.number(), width: z.number(), seconds: z.number() });
export type CompiledShape = z.infer<typeof compiledShape>;

/** On a card: whether the training recomputes activations, and why. */
const memoryPlan = z.object({
  type: z.literal('memory-plan'),
  recomputes: z.boolean(),
  recomputesAll: z.boolean(),
  stateBytes: z.number(),
  validationBytes: z.number(),
  passBytes: z.number(),
  freeBytes: z.number(),
});
export type MemoryPlanned = z.infer<typeof memoryPlan>;

/** The card was too full for a step, which is repeated with recomputed activations. */
const recomputation = z.object({ type: z.literal('recomputation'), number: z.number(), step: z.number(), reason: z.string() });
export type RecomputationBegun = z.infer<typeof recomputation>;

/** Reconstruction quality of the StyleRef images by the base model's autoencoder: median peak signal-to-noise ratio in dB. */
const reconstruction = z.object({ type: z.literal('reconstruction'), number: z.number(), psnr: z.number(), images: z.number() });
export type ReconstructionMeasured = z.infer<typeof reconstruction>;

/** The inputs can be trained; the training begins. */
const validated = z.object({ type: z.literal('validated'), number: z.number() });
export type Validated = z.infer<typeof validated>;

const checkpoint = z.object({
  type: z.literal('checkpoint'),
  number: z.number(),
  step: z.number(),
  directory: z.string(),
  bestStep: z.number().nullable(),
});
export type LocalCheckpoint = z.infer<typeof checkpoint>;

const classImage = z.object({ type: z.literal('class-image'), number: z.number(), index: z.number(), path: z.string() });
export type LocalClassImage = z.infer<typeof classImage>;

export const rawImage = {
  number: z.number(),
  index: z.number(),
  prompt: z.string(),
  seed: z.number(),
  width: z.number(),
  height: z.number(),
  rgb: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
};
export type RawImage = z.infer<z.ZodObject<typeof rawImage>>;

const validationImage = z.object({ type: z.literal('validation-image'), step: z.number(), settings: sampleSettings, ...rawImage });
export type RawValidationImage = z.infer<typeof validationImage>;

const drawnImage = z.object({ type: z.literal('drawn-image'), model: z.number(), ...rawImage });
export type DrawnImage = z.infer<typeof drawnImage>;

const measuring = z.object({ type: z.literal('measuring'), done: z.number(), of: z.number() });
export type Measuring = z.infer<typeof measuring>;

/** All images of this step have been sent. */
const validation = z.object({
  type: z.literal('validation'),
  number: z.number(),
  step: z.number(),
  images: z.number(),
  scores: z.record(z.string(), z.number()),
  /** Whether the images were requested outside of the schedule. */
  isRequested: z.boolean(),
});
export type ValidationDone = z.infer<typeof validation>;

const requestMet = z.object({ type: z.literal('request-met'), number: z.number(), id: z.number(), step: z.number() });
export type RequestMet = z.infer<typeof requestMet>;

/** Name and memory of a device. */
const deviceFacts = z.object({ name: z.string().nullable(), memoryBytes: z.number().nullable(), details: z.string().optional() });
export type DeviceFacts = z.infer<typeof deviceFacts>;

const validationScore = z.object({ step: z.number(), value: z.number() });
export const failureMessage = {
  type: z.literal('error'),
  name: z.string(),
  code: z.string().optional(),
  message: z.string(),
  stack: z.string().optional(),
};

export const messageFromChild = z.discriminatedUnion('type', [
  /** The task has arrived. */
  z.object({ type: z.literal('begun') }),
  progress,
  compiledShape,
  memoryPlan,
  recomputation,
  reconstruction,
  validated,
  checkpoint,
  classImage,
  validationImage,
  validation,
  requestMet,
  drawnImage,
  measuring,
  z.object({
    type: z.literal('result'),
    finalStep: z.number().optional(),
    measurements: z.unknown().optional(),
    /** Known facts about a checked device. */
    device: deviceFacts.optional(),
    /** Scores of a score task. */
    scores: z.array(z.number()).optional(),
    exported: z.object({ path: z.string(), keptShare: z.number().nullable() }).optional(),
    /** The metric with its extractor, and the score of every validation (with early stopping). */
    validations: z.object({ metric: z.string(), best: validationScore.nullable(), scores: z.array(validationScore) }).optional(),
  }),
  z.object({ type: z.literal('aborted') }),
  z.object(failureMessage),
]);
export type MessageFromChild = z.infer<typeof messageFromChild>;
export type ChildResult = Extract<MessageFromChild, { type: 'result' }>;
