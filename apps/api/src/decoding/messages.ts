// Messages between the API and its decoding processes. Images are passed as files, never in messages.
import type { RefusalCode } from '@styleforge/contracts';

export type Declared = { fileName: string; mimeType: string };

export type DecodeTask =
  | { kind: 'normalize'; input: string; output: string; declared: Declared }
  | { kind: 'mask'; input: string; output: string; declared: Declared }
  | { kind: 'shrink'; input: string; output: string; side: number; quality: number };

export type DecodeResult =
  /** `hasMask`: the image's alpha channel is stored next to the output as `<output>.mask`. */
  | { status: 'done'; width: number; height: number; hasMask?: boolean }
  | { status: 'refused'; code: RefusalCode; detail: string }
  | { status: 'failed'; message: string; errorCode?: string };

/** Limits of processor time and memory for one image. */
export const DECODE_LIMITS = {
  processorSeconds: 60,
  residentMegabytes: 384,
  /** Time limit for a process that does not react. */
  wallSeconds: 300,
} as const;

/** Exit codes of a decoding process that has gone over a limit. */
export const OVER_LIMIT_EXITS = { processor: 81, memory: 82 } as const;

/** Path of the file with the alpha channel of a normalized image. */
export const maskBeside = (output: string): string => `${output}.mask`;
