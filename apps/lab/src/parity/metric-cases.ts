// metrics.json: FID and KID of given features, absolute differences.
import { features, frechetDistance, fullKernelDistance } from '@styleforge/metrics';
import { absoluteCase, type CaseResult } from './case-result.ts';
import type { ReferenceFolder } from './reference-folder.ts';

interface MetricReference {
  cases: { case: number | string; fid: number; kid_unbiased_full: number }[];
}

export async function* metricCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const { cases } = await folder.json<MetricReference>('metrics.json');
  const reader = await folder.tensors('metrics-features.safetensors');
  for (const { case: name, fid, kid_unbiased_full: kid } of cases) {
    const [x, y] = [`${name}.x`, `${name}.y`].map(async (tensor) => features(await reader.read(tensor), reader.info(tensor).shape[1]));
    const sets = [await x, await y] as const;
    yield absoluteCase(`metrics.${name}.fid`, [await frechetDistance(...sets)], [fid], 1e-4);
    yield absoluteCase(`metrics.${name}.kid`, [await fullKernelDistance(...sets)], [kid], 1e-5);
  }
}
