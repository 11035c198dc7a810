// Temperature, load, power and used memory of the worker's cards, as nvidia-smi reads them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DEVICE_NEEDS, type NamedDevice, parseDevice } from '@styleforge/contracts';
import type { CardReading } from '@styleforge/database';

const run = promisify(execFile);
const patienceMs = 5_000;
/** Milliseconds until the next attempt when the tool is missing or has failed. */
const retryMs = 60_000;
const mebibyte = 2 ** 20;
const query = ['--query-gpu=index,uuid,temperature.gpu,utilization.gpu,power.draw,memory.used', '--format=csv,noheader,nounits'];
const unread: CardReading = { temperatureCelsius: null, loadPercent: null, powerWatts: null, memoryUsedBytes: null };

export interface CardReadingsOptions {
  devices: readonly NamedDevice[];
  /** Indexes or UUIDs of the cards that CUDA may see, in its order; undefined: all. */
  visible: readonly string[] | undefined;
  /** Path of nvidia-smi; tests replace it. */
  program?: string;
}

export class CardReadings {
  readonly #cards: readonly string[];
  readonly #program: string;
  #latest: CardReading[] | null = null;
  #reading = false;
  #notBefore = 0;

  constructor({ devices, visible, program = 'nvidia-smi' }: CardReadingsOptions) {
    this.#program = program;
    this.#cards = devices.flatMap((device) => cardOf(device, visible));
  }

  /** Returns the readings that the previous call requested, and requests new ones without waiting. Null without a card or nvidia-smi. */
  latest(): CardReading[] | null {
    if (this.#cards.length > 0 && !this.#reading && Date.now() >= this.#notBefore) void this.read();
    return this.#latest;
  }

  async read(): Promise<CardReading[] | null> {
    this.#reading = true;
    const output = await run(this.#program, query, { timeout: patienceMs }).catch(() => undefined);
    this.#latest = output === undefined || this.#cards.length === 0 ? null : readingsOf(output.stdout, this.#cards);
    if (output === undefined) this.#notBefore = Date.now() + retryMs;
    this.#reading = false;
    return this.#latest;
  }
}

/** Index or UUID by which nvidia-smi names the card of a device. */
function cardOf(device: NamedDevice, visible: readonly string[] | undefined): string[] {
  const found = parseDevice(device);
  if (!found || DEVICE_NEEDS[found.kind] === null) return [];
  return [visible?.[found.index] ?? String(found.index)];
}

/**
 * Reads rows such as `0, GPU-22b2c6ac-2d49-4863-197c-9c469071178a, 45, 86, 176.98, 7199`. A card is named by its index or the start of its
 * UUID.
 */
function readingsOf(text: string, cards: readonly string[]): CardReading[] {
  const rows = text.split('\n').map((line) => line.split(',').map((field) => field.trim()));
  return cards.map((card) => {
    const row = rows.find(([index, uuid = '']) => index === card || (card.length > 3 && uuid.startsWith(card)));
    if (!row) return unread;
    const [, , temperature, load, power, memory] = row.map(numberOf);
    const used = memory ?? null;
    return {
      temperatureCelsius: temperature ?? null,
      loadPercent: load ?? null,
      powerWatts: power ?? null,
      memoryUsedBytes: used === null ? null : used * mebibyte,
    };
  });
}

/** Null for `[N/A]`, `[Not Supported]` and errors. */
const numberOf = (text: string): number | null => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : null);
