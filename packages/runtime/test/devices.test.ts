// The properties of devices, and the refusal of a name that is not a device.
import { deviceOf, type DeviceName } from '@styleforge/runtime';
import { expect, it } from 'vitest';

it('finds a device for each name, also for one of several devices of a kind', () => {
  expect((['cpu', 'webgpu', 'cuda', 'cuda:1'] as const).map((name) => deviceOf(name))).toMatchObject([
    { name: 'cpu', target: 'cpu', index: 0, stateIn: 'host', isOptional: false },
    { name: 'webgpu', target: 'webgpu', index: 0, stateIn: 'tensors', isOptional: true },
    { name: 'cuda', target: 'cuda', index: 0, isOptional: true },
    { name: 'cuda:1', target: 'cuda', index: 1 },
  ]);
  expect(deviceOf()).toMatchObject({ name: 'cpu' });
  expect(deviceOf('webgpu:1')).toMatchObject({ sessionOptions: { executionProviders: [{ name: 'webgpu', deviceId: 1 }] } });
});

it.each(['gpu', 'cuda:x', 'toString', ''])("refuses '%s' and lists the names that exist", (name) => {
  expect(() => deviceOf(name as DeviceName)).toThrow(`the device '${name}' is unknown: choose one of cpu, webgpu, cuda`);
});
