// Messages between the API and a process that inspects an adapter. Files are passed by path.
import type { InspectedAdapter } from '@styleforge/model-files';

export interface InspectionTask {
  file: string;
  /** File name as the caller sent it. */
  fileName: string;
  base: { name: string; contextWidth: number; directory: string };
}

export type InspectionResult =
  | { status: 'done'; adapter: InspectedAdapter; keptFileName: string }
  /** Why the adapter does not fit the base model. */
  | { status: 'misfit'; detail: string }
  | { status: 'refused'; detail: string }
  | { status: 'failed'; message: string };

/** Limits of processor time and memory for one file. */
export const INSPECTION_LIMITS = { residentMegabytes: 1024, wallSeconds: 300 } as const;
export const OVER_MEMORY_EXIT = 82;
