// Loads shared libraries, which stay loaded as long as the thread.
import koffi from 'koffi';
import { LibraryError } from './library-paths.ts';

/** Size of the stack that koffi gives its calls. onnxruntime recurses over deep graphs; the default is 2 MiB. */
const STACK_BYTES = 8 * 2 ** 20;
koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });

export type Library = ReturnType<typeof koffi.load>;
/** An address in native memory. 0n is null. */
export type Address = bigint;
export type NativeArgument = Address | number | string | NodeJS.ArrayBufferView | readonly string[] | null;
export type NativeResult = Address | number | string | null | undefined;
export interface NativeFunction {
  (...args: readonly NativeArgument[]): NativeResult;
  /** Runs in another thread and calls its last argument, a callback, with the result. */
  readonly async: (...args: readonly unknown[]) => void;
}

/** Loaded libraries. koffi unloads a library when its handle is garbage, even if addresses of its functions are in use. */
const loaded = new Map<string, Library>();

/** Loads a library. Throws LibraryError with the loader's message. */
export function loadLibrary(path: string): Library {
  try {
    const library = loaded.get(path) ?? koffi.load(path);
    loaded.set(path, library);
    return library;
  } catch (cause) {
    throw new LibraryError(`the library ${path} could not be loaded: ${(cause as Error).message}`, { cause });
  }
}
