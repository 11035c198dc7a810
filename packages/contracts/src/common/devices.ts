// What a model may be computed on, and what each device but the processor needs of a machine.

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type DeviceName = (typeof DEVICES)[number];

/** The device of every machine. */
export const DEFAULT_DEVICE: DeviceName = 'cpu';

/** Null where a machine needs nothing for it. */
export const DEVICE_NEEDS: Readonly<Record<DeviceName, string | null>> = {
  cpu: null,
  webgpu: 'it needs a GPU with a Vulkan driver and libvulkan1 (Linux), Direct3D 12 (Windows) or Metal (macOS)',
  cuda: "it needs an NVIDIA driver, CUDA's libraries and onnxruntime's CUDA provider (ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node); docs/gpu.md says more",
};
