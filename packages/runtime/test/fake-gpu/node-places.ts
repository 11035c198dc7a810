// Which provider ran each node, from the trace that onnxruntime writes.
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: { readonly provider?: string; readonly op_name?: string };
}

/** Kinds of nodes by the provider that ran them. */
export async function takeNodePlaces(prefix: string): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  for (const file of await readdir(dirname(prefix))) {
    if (!file.startsWith(basename(prefix))) continue;
    const events = JSON.parse(await readFile(join(dirname(prefix), file), 'utf8')) as TraceEvent[];
    for (const { cat, name, args } of events) {
      if (cat !== 'Node' || !name.endsWith('_kernel_time') || !args?.provider) continue;
      places.set(args.provider, [...(places.get(args.provider) ?? []), args.op_name ?? '?']);
    }
  }
  return places;
}
