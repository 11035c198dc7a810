// Finds onnxruntime's shared library, which npm installs with onnxruntime-node.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Names of the library by operating system; macOS and Linux carry the version in the name. */
const LIBRARY: Partial<Record<NodeJS.Platform, RegExp>> = {
  linux: /^libonnxruntime\.so\.\d/,
  darwin: /^libonnxruntime(\.\d+)+\.dylib$/,
  win32: /^onnxruntime\.dll$/,
};

/** Thrown when a shared library that the engine needs is missing or cannot be loaded. */
export class LibraryError extends Error {
  override name = 'LibraryError';
}

/** The folder of onnxruntime-node for this system, with onnxruntime's library and the files that it loads. */
export function binariesFolder(): string {
  const home = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')), 'bin');
  const version = readdirSync(home).find((name) => name.startsWith('napi-v'));
  return join(home, version ?? 'napi', process.platform, process.arch);
}

/** The library for the processor. Throws LibraryError if npm installed none for this system. */
export function onnxruntimeLibrary(folder = binariesFolder()): string {
  const pattern = LIBRARY[process.platform];
  const name = pattern && existsSync(folder) ? readdirSync(folder).find((file) => pattern.test(file)) : undefined;
  if (name === undefined) {
    throw new LibraryError(
      `${folder} contains no onnxruntime library for ${process.platform} on ${process.arch}: install the ` +
        'dependencies on this machine (npm ci)',
    );
  }
  return join(folder, name);
}
