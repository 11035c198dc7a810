// What a model may be computed on, and what each device but the processor needs of a machine.

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type DeviceName = (typeof DEVICES)[number];

/** Gradients that kernels of our own may compute on a card: none, those of activations and normalizations, or that of attention as well. */
export const GRADIENT_KERNELS = ['none', 'activations', 'all'] as const;
export type GradientKernels = (typeof GRADIENT_KERNELS)[number];

/** One of several of a kind: `cuda:1`. A kind alone is its first one. */
export type NamedDevice = DeviceName | `${DeviceName}:${number}`;

/** Kind and number of a name; null for a name that is none. The processor is one device. */
export function parseDevice(name: string): { readonly kind: DeviceName; readonly index: number } | null {
  const [, kind, index] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(name) ?? [];
  const known = DEVICES.find((device) => device === kind);
  if (known === undefined || (known === DEFAULT_DEVICE && index !== undefined)) return null;
  return { kind: known, index: Number(index ?? 0) };
}

/** The kind of a device that has been checked. */
export const deviceKindOf = (name: NamedDevice): DeviceName => name.split(':')[0] as DeviceName;

/** The device of every machine. */
export const DEFAULT_DEVICE: DeviceName = 'cpu';

/** What each device needs; null where a machine needs nothing for it. */
export const DEVICE_NEEDS: Readonly<Record<DeviceName, string | null>> = {
  cpu: null,
  webgpu: 'it needs a GPU with a Vulkan driver and libvulkan1 (Linux), Direct3D 12 (Windows) or Metal (macOS)',
  cuda:
    "it needs an NVIDIA driver, CUDA's libraries and onnxruntime's CUDA provider for the same CUDA (12: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild " +
    'onnxruntime-node; 13: the wheel onnxruntime-gpu); docs/gpu.md says more',
};
