// Loading of shared libraries, which stay loaded as long as the thread.
import koffi from 'koffi';
import { LibraryError } from './library-paths.ts';

/** onnxruntime's recursion over deep graphs runs on the stack that koffi gives its calls; two mebibytes by default. */
const STACK_BYTES = 8 * 2 ** 20;
koffi.config({ sync_stack_size: STACK_BYTES });

export type Library = ReturnType<typeof koffi.load>;
/** An address. Null is written as 0n. */
export type Address = bigint;
export type NativeArgument = Address | number | string | NodeJS.ArrayBufferView | readonly string[] | null;
export type NativeFunction = (...args: readonly NativeArgument[]) => Address | number | string | null | undefined;

/** koffi unloads a library when its handle is garbage, even if addresses of its functions are still in use. */
const loaded = new Map<string, Library>();

/** Throws LibraryError with the loader's message. */
export function loadLibrary(path: string): Library {
  try {
    const library = loaded.get(path) ?? koffi.load(path);
    loaded.set(path, library);
    return library;
  } catch (cause) {
    throw new LibraryError(`the library ${path} could not be loaded: ${(cause as Error).message}`, { cause });
  }
}
