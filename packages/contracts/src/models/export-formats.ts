// The forms in which a checkpoint can be downloaded as one file.
export const EXPORT_FORMATS = [
  'single-file',
  'diffusers-zip',
  'lora-diffusers',
  'lora-kohya',
  'embedding-diffusers',
  'embedding-a1111',
  'adapter-zip',
] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const WHOLE_MODEL_FORMATS: readonly ExportFormat[] = ['single-file', 'diffusers-zip'];
export const LORA_FORMATS: readonly ExportFormat[] = ['lora-diffusers', 'lora-kohya'];
