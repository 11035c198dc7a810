// Assigns work to the worker's devices, the least busy first.
import type { NamedDevice } from '@styleforge/contracts';

export interface HeldDevices {
  readonly devices: readonly [NamedDevice, ...NamedDevice[]];
  release(): void;
}

export class DevicePool {
  /** Number of pieces of work on each device. */
  readonly #users: Map<NamedDevice, number>;

  constructor(devices: readonly [NamedDevice, ...NamedDevice[]]) {
    this.#users = new Map(devices.map((device) => [device, 0]));
  }

  /** Takes the requested number of devices, or all if there are fewer: the least busy ones, in the order of DEVICE. */
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

  /** Runs work on one device. */
  async with<Result>(work: (device: NamedDevice) => Promise<Result>): Promise<Result> {
    const held = this.take();
    try {
      return await work(held.devices[0]);
    } finally {
      held.release();
    }
  }
}
