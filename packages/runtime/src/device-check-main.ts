// A process of its own, because a driver can take its process down: `fork(this file, [device, hints as JSON])` is sent `{parts}`, then `{ok, description}` or
// `{ok: false, reason}`.
import { checkDevice, describeDevice } from './check-device.ts';
import { deviceOf } from './devices/index.ts';
import type { DeviceName } from './devices/device.ts';
import type { MachineHints } from './machine/machine-part.ts';

const [device, hints = '{}'] = process.argv.slice(2) as [DeviceName, string?];
try {
  // First: what the machine lacks is worth knowing even where the computation ends this process.
  process.send?.({ parts: deviceOf(device).machineParts(JSON.parse(hints) as MachineHints) });
  await checkDevice(device);
  process.send?.({ ok: true, description: describeDevice(device) });
} catch (error) {
  process.send?.({ ok: false, reason: (error as Error).message });
}
process.disconnect?.();
