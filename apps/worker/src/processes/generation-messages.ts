// Messages between a worker and its generation process, validated on both sides.
import { z } from 'zod';
import { compileSettings, failureMessage, rawImage } from './messages.ts';

const generationTask = z.object({
  modelDirectory: z.string(),
  compile: compileSettings,
  config: z.unknown(),
  /** Indexes of the images that an earlier attempt has stored. */
  made: z.array(z.number()),
  /** Starting image: interleaved RGB bytes in the size of the generated images. */
  startingImage: z.custom<Uint8Array>((value) => value instanceof Uint8Array).nullable(),
});
export type GenerationTask = z.infer<typeof generationTask>;

export const messageToGenerator = z.discriminatedUnion('type', [
  z.object({ type: z.literal('generate'), id: z.number(), task: generationTask }),
  z.object({ type: z.literal('abort'), id: z.number() }),
  /** Confirmation that this image is stored; the process may continue. */
  z.object({ type: z.literal('saved'), id: z.number(), number: z.number() }),
  /** Request to free a model that no generation uses. */
  z.object({ type: z.literal('forget'), modelDirectory: z.string() }),
]);
export type MessageToGenerator = z.infer<typeof messageToGenerator>;

/** Sent when the weights have been read for the first image; they stay loaded. */
const loadedModel = z.object({ type: z.literal('loaded'), modelDirectory: z.string(), weightBytes: z.number() });
export type LoadedModel = z.infer<typeof loadedModel>;

const generatedImage = z.object({ type: z.literal('image'), id: z.number(), ...rawImage });

export const messageFromGenerator = z.discriminatedUnion('type', [
  loadedModel,
  generatedImage,
  z.object({ type: z.literal('done'), id: z.number() }),
  z.object({ type: z.literal('aborted'), id: z.number() }),
  z.object({ ...failureMessage, id: z.number() }),
]);
export type MessageFromGenerator = z.infer<typeof messageFromGenerator>;
