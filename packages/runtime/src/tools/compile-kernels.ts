// Compiles assembly/*.ts to the WebAssembly files that are committed next to the code that loads them.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Compiles one file to WebAssembly. Throws an error with the compiler's messages. */
export async function compileKernel(name: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      `assembly/${name}.ts`,
      '--baseDir',
      root,
      '--outFile',
      `${name}.wasm`,
      '--enable',
      'simd',
      '--optimizeLevel',
      '3',
      '--runtime',
      'stub',
      '--noAssert',
      '--importMemory',
    ],
    {
      writeFile: (_file, contents) => {
        binary = contents as Uint8Array;
      },
    },
  );
  if (error || !binary) throw new Error(`assembly/${name}.ts does not compile: ${stderr.toString()}`, { cause: error });
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(new URL('../kernels/optimizer.wasm', import.meta.url), await compileKernel('optimizer'));
