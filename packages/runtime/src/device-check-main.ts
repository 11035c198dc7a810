// Runs in a separate process, because a driver can crash it: `fork(this file, [device, hints as JSON])` receives the message `{parts}`,
// then `{ok, description}` or `{ok: false, reason}`.
import { checkDevice, describeDevice } from './check-device.ts';
import { deviceOf } from './devices/index.ts';
import type { DeviceName } from './devices/device.ts';
import type { MachineHints } from './machine/machine-part.ts';

const [device, hints = '{}'] = process.argv.slice(2) as [DeviceName, string?];
try {
  // Sent first, because missing parts are worth knowing even if the computation ends this process.
  process.send?.({ parts: deviceOf(device).machineParts(JSON.parse(hints) as MachineHints) });
  await checkDevice(device);
  process.send?.({ ok: true, description: describeDevice(device) });
} catch (error) {
  process.send?.({ ok: false, reason: (error as Error).message });
}
process.disconnect?.();
