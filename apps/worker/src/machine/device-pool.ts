// Which of this worker's devices a piece of work runs on: the one with the least to do.
import type { NamedDevice } from '@styleforge/contracts';

export interface HeldDevices {
  readonly devices: readonly [NamedDevice, ...NamedDevice[]];
  release(): void;
}

export class DevicePool {
  /** Pieces of work on each device. */
  readonly #users: Map<NamedDevice, number>;

  constructor(devices: readonly [NamedDevice, ...NamedDevice[]]) {
    this.#users = new Map(devices.map((device) => [device, 0]));
  }

  /** Takes as many devices as requested, or all that there are; those with the least to do, in the order of the setting. */
  take(count = 1): HeldDevices {
    const [first, ...others] = [...this.#users].sort(([, a], [, b]) => a - b).slice(0, Math.max(1, count));
    const devices = [first!, ...others].map(([device]) => device) as [NamedDevice, ...NamedDevice[]];
    for (const device of devices) this.#count(device, 1);
    let isHeld = true;
    return {
      devices,
      release: () => {
        if (isHeld) for (const device of devices) this.#count(device, -1);
        isHeld = false;
      },
    };
  }

  #count(device: NamedDevice, by: number): void {
    this.#users.set(device, (this.#users.get(device) ?? 0) + by);
  }

  /** Does work on one device. */
  async with<Result>(work: (device: NamedDevice) => Promise<Result>): Promise<Result> {
    const held = this.take();
    try {
      return await work(held.devices[0]);
    } finally {
      held.release();
    }
  }
}
