// Puts 40 MiB into a folder and prints the code of the resulting error.
import { Readable } from 'node:stream';
import { createObjectStore } from '@styleforge/storage';

const store = await createObjectStore({ kind: 'files', directory: process.argv[2] ?? '' });
await store
  .put('large', Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(1 << 20))))
  .catch((error: NodeJS.ErrnoException) => console.log(error.code));
