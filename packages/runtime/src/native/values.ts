// Values of onnxruntime over existing memory: an array of this process, or an address in a device's memory.
import { type Shape } from '@styleforge/autodiff';
import koffi from 'koffi';
import { type Address } from './api.ts';
import { type Environment } from './environment.ts';
import { type Owned } from './owned.ts';

/** Arrays that hold tensors. A Uint16Array holds float16. */
export type TensorArray = Float32Array | Float64Array | Int32Array | Uint16Array;

/** ONNXTensorElementDataType (onnxruntime_c_api.h). */
export const ELEMENT_TYPES = { float32: 1, int32: 6, float16: 10, float64: 11 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

export function elementTypeOf(array: TensorArray): ElementType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Int32Array) return 'int32';
  return array instanceof Uint16Array ? 'float16' : 'float64';
}

/**
 * The address of an array's memory, which is outside of V8's heap and does not move. A caller that keeps the address must keep the array,
 * and must not detach it (no transfer to another thread, no growth of a WebAssembly memory).
 */
export function addressOf(array: NodeJS.ArrayBufferView): Address {
  // Arrays of up to 64 bytes are inside of the heap until their `buffer` is read
  void array.buffer;
  return BigInt(koffi.address(array));
}

/** A tensor over an address. The owner of the memory keeps it until the tensor is released. */
export function valueAt(
  environment: Environment,
  memory: Address,
  address: Address,
  bytes: number,
  type: ElementType,
  shape: Shape,
): Owned {
  const dimensions = BigInt64Array.from(shape, BigInt);
  return environment.own(
    'a tensor',
    'ReleaseValue',
    'CreateTensorWithDataAsOrtValue',
    memory,
    address,
    bytes,
    dimensions,
    shape.length,
    ELEMENT_TYPES[type],
  );
}

/** A tensor over the memory of `array`. The caller keeps the array until the tensor is released. */
export function valueOver(environment: Environment, array: TensorArray, shape: Shape): Owned {
  return valueAt(environment, environment.processorMemory, addressOf(array), array.byteLength, elementTypeOf(array), shape);
}
