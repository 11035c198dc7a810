// Settings of a worker process: its queues, its devices, and how much of the machine it uses.
import {
  DEFAULT_DEVICE,
  deviceKindOf,
  type DeviceName,
  DEVICES,
  GRADIENT_KERNELS,
  type GradientKernels,
  type NamedDevice,
  parseDevice,
} from '@styleforge/contracts';
import { z } from 'zod';

const count = (most: number) => z.coerce.number().int().min(1).max(most);

/** `train:1,generate:2`: consumes only these queues, each with this number of jobs at a time; without a number, one. */
const queues = z.string().transform((text, context) => {
  const found: Record<string, number> = {};
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [, name, jobs = '1'] = /^([a-z][a-z-]*)(?::([1-9]\d?))?$/.exec(entry) ?? [];
    if (name === undefined || name in found) {
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(entry)} is not valid: name each queue once with its number of jobs (1-99), such as train:1,generate:2`,
      });
      return z.NEVER;
    }
    found[name] = Number(jobs);
  }
  return found;
});

/** `cuda:0,cuda:1`: devices of one kind, each once. */
const devices = z.string().transform((text, context): [NamedDevice, ...NamedDevice[]] => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const names = text.split(',').map((part) => part.trim());
  const found: { name: NamedDevice; kind: DeviceName }[] = [];
  for (const name of names) {
    const device = parseDevice(name);
    if (!device)
      return refuse(
        `${JSON.stringify(name)} is not a device: choose one of ${DEVICES.join(', ')}, or several of a kind as in cuda:0,cuda:1`,
      );
    found.push({ kind: device.kind, name: device.index === 0 ? device.kind : `${device.kind}:${device.index}` });
  }
  if (new Set(found.map(({ kind }) => kind)).size > 1)
    return refuse(`${text} names devices of several kinds: start a worker for each kind`);
  if (new Set(found.map(({ name }) => name)).size < found.length) return refuse(`${text} names a device twice`);
  const [first, ...others] = found.map(({ name }) => name);
  return [first!, ...others];
});

export const workerEnvironment = {
  DEVICE: devices
    .default([DEFAULT_DEVICE])
    .describe(
      'Device of a worker: `cpu`, `webgpu` or `cuda`. Several devices of one kind, as in `cuda:0,cuda:1`, each run ' +
        'a training job. The worker refuses to start if a device is missing',
    ),
  TRAINING_DEVICES: count(64)
    .default(1)
    .describe(
      'Number of devices that train one job together, at most as many as DEVICE names. They share the passes of ' +
        'each step (`gradient_accumulation_steps`) and sum the gradients',
    ),
  CUDA_GRADIENT_KERNELS: z
    .enum(GRADIENT_KERNELS)
    .default('none')
    .describe(
      'Gradients that kernels of StyleForge compute on NVIDIA cards: `none`, those of `activations` and ' +
        'normalizations, or `all`, which adds attention ' +
        '(compute capability 8.0, TF32 rounding). Not yet seen on a card: run `npm run bench -- first-run --device cuda` first',
    ),
  WORKER_QUEUES: queues
    .optional()
    .describe(
      'Queues that this worker consumes, with the number of jobs at the same time, as in `train:1,generate:2`. Default: all queues',
    ),
  WORKER_GRACE_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3600)
    .default(25)
    .describe(
      'Seconds that a stopping worker gives its running jobs to save a checkpoint. Jobs that take longer are killed ' +
        'and continue from their previous checkpoint. The platform must wait at least 15 s longer before it kills the worker',
    ),
  TRAINING_THREADS: count(1024).optional().describe('Processor threads of one operation in training. Default: one for each physical core'),
  GENERATION_THREADS: count(1024)
    .optional()
    .describe('Processor threads of one operation in generation. Default: one for each physical core'),
  GENERATION_MODELS: count(100)
    .default(2)
    .describe(
      'Number of models that a worker keeps loaded for later generations. Above this number it unloads the model ' +
        'that was used least recently',
    ),
  GENERATION_MODELS_MB: count(1 << 20)
    .default(8192)
    .describe(
      'Maximum size in MB of the weights of all loaded models together. The model that was used last stays loaded even if it is larger',
    ),
  POD_NAME: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Name of the worker's pod. The worker then tells Kubernetes whether it is busy, so that idle pods are removed " +
        'first when the deployment shrinks. The manifests in `infra/kubernetes` set this variable and the next one',
    ),
  POD_NAMESPACE: z.string().min(1).optional().describe("Namespace of the worker's pod"),
  KUBERNETES_API: z
    .url({ protocol: /^https$/ })
    .default('https://kubernetes.default.svc')
    .describe('URL of the Kubernetes API; used only with `POD_NAME`'),
  KUBERNETES_CREDENTIALS: z
    .string()
    .min(1)
    .default('/var/run/secrets/kubernetes.io/serviceaccount')
    .describe('Folder with `token` and `ca.crt` of the service account; used only with `POD_NAME`'),
};

type WorkerEnvironment = z.infer<z.ZodObject<typeof workerEnvironment>>;

export interface WorkerConfig {
  /** The kind of the worker's devices. */
  device: DeviceName;
  devices: readonly [NamedDevice, ...NamedDevice[]];
  /** Number of devices that train one job together. */
  trainingDevices: number;
  /** Gradients that StyleForge's own kernels compute on an NVIDIA card. */
  gradientKernels: GradientKernels;
  /** Jobs at a time by queue. Absent: every queue, with the concurrency of its catalog. */
  queues?: Record<string, number>;
  /** Seconds in which running jobs must save a checkpoint after SIGTERM; a container platform usually kills after thirty seconds. */
  graceSeconds: number;
  /** The worker's pod, if Kubernetes is told whether the worker is busy. */
  pod?: { name: string; namespace: string; apiServer: string; credentialsDirectory: string };
  /** Threads of one operation; absent: one per physical core. */
  trainingThreads?: number;
  generationThreads?: number;
  /** Maximum number of models that stay loaded for later generations, and maximum memory in MB for their weights together. */
  generationModels: number;
  generationModelsMB: number;
}

/** Describes how settings that are valid one by one contradict each other; undefined if they do not. */
export function workerProblem({ DEVICE, TRAINING_DEVICES }: WorkerEnvironment): string | undefined {
  if (TRAINING_DEVICES <= DEVICE.length) return undefined;
  const named = `the ${DEVICE.length} ${DEVICE.length === 1 ? 'device' : 'devices'}`;
  return `TRAINING_DEVICES: ${TRAINING_DEVICES} is more than ${named} that DEVICE names (${DEVICE.join()})`;
}

export function workerConfigOf(settings: WorkerEnvironment): WorkerConfig {
  return {
    device: deviceKindOf(settings.DEVICE[0]),
    devices: settings.DEVICE,
    trainingDevices: settings.TRAINING_DEVICES,
    gradientKernels: settings.CUDA_GRADIENT_KERNELS,
    ...(settings.WORKER_QUEUES && { queues: settings.WORKER_QUEUES }),
    graceSeconds: settings.WORKER_GRACE_SECONDS,
    ...(settings.POD_NAME !== undefined &&
      settings.POD_NAMESPACE !== undefined && {
        pod: {
          ...{ name: settings.POD_NAME, namespace: settings.POD_NAMESPACE },
          ...{ apiServer: settings.KUBERNETES_API, credentialsDirectory: settings.KUBERNETES_CREDENTIALS },
        },
      }),
    ...(settings.TRAINING_THREADS && { trainingThreads: settings.TRAINING_THREADS }),
    ...(settings.GENERATION_THREADS && { generationThreads: settings.GENERATION_THREADS }),
    generationModels: settings.GENERATION_MODELS,
    generationModelsMB: settings.GENERATION_MODELS_MB,
  };
}

export function workerEnvironmentOf(config: WorkerConfig): Record<keyof typeof workerEnvironment, string | undefined> {
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  return {
    DEVICE: config.devices.join(),
    TRAINING_DEVICES: text(config.trainingDevices),
    CUDA_GRADIENT_KERNELS: config.gradientKernels,
    WORKER_QUEUES:
      config.queues &&
      Object.entries(config.queues)
        .map(([name, jobs]) => `${name}:${jobs}`)
        .join(),
    WORKER_GRACE_SECONDS: text(config.graceSeconds),
    POD_NAME: config.pod?.name,
    POD_NAMESPACE: config.pod?.namespace,
    KUBERNETES_API: config.pod?.apiServer,
    KUBERNETES_CREDENTIALS: config.pod?.credentialsDirectory,
    TRAINING_THREADS: text(config.trainingThreads),
    GENERATION_THREADS: text(config.generationThreads),
    GENERATION_MODELS: text(config.generationModels),
    GENERATION_MODELS_MB: text(config.generationModelsMB),
  };
}
