// What a model may be computed on, and what each device but the processor needs of a machine.

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type DeviceName = (typeof DEVICES)[number];

export const DEVICE_NEEDS: Readonly<Record<Exclude<DeviceName, 'cpu'>, string>> = {
  webgpu: 'it needs a GPU with a Vulkan driver and libvulkan1 (Linux), Direct3D 12 (Windows) or Metal (macOS)',
  cuda: "it needs an NVIDIA driver and onnxruntime's CUDA libraries (ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node)",
};
