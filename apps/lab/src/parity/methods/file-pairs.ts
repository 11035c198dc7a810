// Two files of weights, tensor by tensor: names and shapes must agree.
import { type TensorReader } from '@styleforge/weights';
import { type Pair } from '../case-result.ts';

/** Every tensor of both files. */
export async function filePairs(ours: TensorReader, theirs: TensorReader): Promise<Pair[]> {
  const [a, b] = [ours.names().sort(), theirs.names().sort()];
  const different = a.find((name, i) => name !== b[i]) ?? b[a.length];
  if (different !== undefined) throw new Error(`the files do not hold the same tensors: '${different}'`);
  return Promise.all(
    a.map(async (name) => {
      if (ours.info(name).shape.join() !== theirs.info(name).shape.join()) throw new Error(`'${name}' has another shape`);
      return { name, ours: await ours.read(name), theirs: await theirs.read(name) };
    }),
  );
}
