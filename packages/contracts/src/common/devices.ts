// The devices that models can run on, and what a machine needs for each.

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type DeviceName = (typeof DEVICES)[number];

/**
 * Gradients that StyleForge's own kernels may compute on an NVIDIA card: none, those of activations and normalizations, or that of
 * attention as well.
 */
export const GRADIENT_KERNELS = ['none', 'activations', 'all'] as const;
export type GradientKernels = (typeof GRADIENT_KERNELS)[number];

/** Name of one of several devices of a kind: `cuda:1`. The kind alone names the first one. */
export type NamedDevice = DeviceName | `${DeviceName}:${number}`;

/** Splits a name into kind and index; null for an unknown name. There is only one device `cpu`. */
export function parseDevice(name: string): { readonly kind: DeviceName; readonly index: number } | null {
  const [, kind, index] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(name) ?? [];
  const known = DEVICES.find((device) => device === kind);
  if (known === undefined || (known === DEFAULT_DEVICE && index !== undefined)) return null;
  return { kind: known, index: Number(index ?? 0) };
}

/** The kind of a device whose name has been checked. */
export const deviceKindOf = (name: NamedDevice): DeviceName => name.split(':')[0] as DeviceName;

/** The device that every machine has. */
export const DEFAULT_DEVICE: DeviceName = 'cpu';

/** Requirements of each device on the machine, as the object of "needs"; null for none. */
export const DEVICE_NEEDS: Readonly<Record<DeviceName, string | null>> = {
  cpu: null,
  webgpu: 'a GPU with a Vulkan driver and libvulkan1 (Linux), Direct3D 12 (Windows) or Metal (macOS)',
  cuda:
    "an NVIDIA card and driver, CUDA's libraries and onnxruntime's CUDA provider for the same CUDA (12: " +
    'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild ' +
    'onnxruntime-node; 13: the wheel onnxruntime-gpu); docs/gpu.md says more',
};
