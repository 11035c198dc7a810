// The lowering of each device.
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { type Lowering } from './lowering.ts';
import { webgpu } from './webgpu.ts';

export const lowerings = { cpu, cuda, webgpu } satisfies Record<string, Lowering>;

/** The kind of device that a model is written for. */
export type Target = keyof typeof lowerings;
