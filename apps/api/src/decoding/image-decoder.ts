// Decodes images outside the API's process: two at a time, of which only one may be large, so that small ones never wait long.
import { type DecodeTask, type Declared, maskBeside } from './messages.ts';
import { DecodingProcess } from './decoding-process.ts';
import { ImageRefusal } from './image-refusal.ts';

const PROCESSES = 2;
const LARGE_PIXELS = 8_000_000;

type Waiting = { isLarge: boolean; start: (process: DecodingProcess) => void };
type Decoded = { width: number; height: number; milliseconds: number; hasMask: boolean };

export class ImageDecoder {
  readonly #idle = Array.from({ length: PROCESSES }, () => new DecodingProcess());
  readonly #all = [...this.#idle];
  readonly #waiting: Waiting[] = [];
  #largeRunning = 0;

  /**
   * Writes a clean PNG of the image, and one of its alpha channel if it has one. Throws ImageRefusal for a file that cannot be converted.
   */
  async normalize(input: string, output: string, declared: Declared, pixels: number): Promise<Decoded & { mask: string | null }> {
    const decoded = await this.#run({ kind: 'normalize', input, output, declared }, pixels);
    return { ...decoded, mask: decoded.hasMask ? maskBeside(output) : null };
  }

  /** Writes a gray PNG of the image. Throws ImageRefusal for a file that cannot be converted. */
  mask(input: string, output: string, declared: Declared, pixels: number): Promise<Decoded> {
    return this.#run({ kind: 'mask', input, output, declared }, pixels);
  }

  /** Writes the image as WebP, at most `side` pixels each way. */
  shrink(input: string, output: string, { side, quality, pixels }: { side: number; quality: number; pixels: number }): Promise<Decoded> {
    return this.#run({ kind: 'shrink', input, output, side, quality }, pixels);
  }

  /** Process ids of the running decoders. */
  get pids(): number[] {
    return this.#all.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  close(): void {
    for (const decoder of this.#all) decoder.end();
  }

  async #run(task: DecodeTask, pixels: number): Promise<Decoded> {
    const isLarge = pixels > LARGE_PIXELS;
    const decoder = await this.#take(isLarge);
    const start = performance.now();
    try {
      const result = await decoder.run(task);
      if (result.status === 'refused') throw new ImageRefusal(result.code, result.detail);
      if (result.status === 'failed') throw Object.assign(new Error(result.message), { code: result.errorCode });
      return { width: result.width, height: result.height, hasMask: result.hasMask === true, milliseconds: performance.now() - start };
    } finally {
      this.#idle.push(decoder);
      if (isLarge) this.#largeRunning--;
      this.#startNext();
    }
  }

  #take(isLarge: boolean): Promise<DecodingProcess> {
    return new Promise((start) => {
      this.#waiting.push({ isLarge, start });
      this.#startNext();
    });
  }

  #startNext(): void {
    const next = this.#waiting.findIndex(({ isLarge }) => !isLarge || this.#largeRunning === 0);
    if (next === -1) return;
    const decoder = this.#idle.pop();
    if (decoder === undefined) return;
    const [{ isLarge, start }] = this.#waiting.splice(next, 1) as [Waiting];
    if (isLarge) this.#largeRunning++;
    start(decoder);
  }
}
