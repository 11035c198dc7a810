// A process of its own, because a driver can take its process down: `fork(this file, [device])` is sent `{ok, description}` or `{ok: false, reason}`.
import { checkDevice, describeDevice } from './check-device.ts';
import type { DeviceName } from './devices/device.ts';

const [device] = process.argv.slice(2) as [DeviceName];
try {
  await checkDevice(device);
  process.send?.({ ok: true, description: describeDevice(device) });
} catch (error) {
  process.send?.({ ok: false, reason: (error as Error).message });
}
process.disconnect?.();
