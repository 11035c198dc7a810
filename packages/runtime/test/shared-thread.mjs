// A thread of native.test.ts: subtracts one from each element of an array that it shares with the test.
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { environmentOf } = await import('../src/native/environment.ts');
const { Binding, NativeSession } = await import('../src/native/session.ts');
const { valueOver } = await import('../src/native/values.ts');
const session = new NativeSession(environmentOf(), workerData.model, { optimizes: false, config: {} });
const binding = new Binding(session);
const bind = (direction, name, array, shape) => binding[direction](name, valueOver(environmentOf(), array, shape), array);
bind('input', 'w', workerData.shared, [1000]);
bind('input', 'g', new Float32Array(1000).fill(1), [1000]);
bind('input', 'rate', Float32Array.of(1), []);
bind('output', 'out:w', workerData.shared, [1000]);
binding.run();
