// Two files of weights, tensor by tensor: names and shapes must agree.
import { type TensorReader } from '@styleforge/weights';
import { type Pair } from '../case-result.ts';

/** Every tensor of both files. `meaning`: equal for two spellings of one name. */
export async function filePairs(ours: TensorReader, theirs: TensorReader, meaning = (name: string): string => name): Promise<Pair[]> {
  const rest = new Map(theirs.names().map((name) => [meaning(name), name]));
  const pairs: Pair[] = [];
  for (const name of ours.names().sort()) {
    const other = rest.get(meaning(name));
    rest.delete(meaning(name));
    if (other === undefined) throw new Error(`the reference does not have '${name}'`);
    if (ours.info(name).shape.join() !== theirs.info(other).shape.join()) throw new Error(`'${name}' has another shape`);
    pairs.push({ name, ours: await ours.read(name), theirs: await theirs.read(other) });
  }
  const [missing] = rest.values();
  if (missing !== undefined) throw new Error(`only the reference has '${missing}'`);
  return pairs;
}
