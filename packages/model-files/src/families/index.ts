// The model families that there are. From here on, the compiler names every table that lacks one.
import { type ComponentFiles, type ComponentName, type FamilyFiles, type NetworkKind } from './family.ts';
import { stableDiffusionXlFiles } from './stable-diffusion-xl.ts';
import { stableDiffusionFiles } from './stable-diffusion.ts';
import { type JsonObject } from '../files/read-files.ts';

const table = {
  'stable-diffusion-xl': stableDiffusionXlFiles,
  'stable-diffusion': stableDiffusionFiles,
};

export type FamilyName = keyof typeof table;
export type Family = FamilyFiles<FamilyName>;

/** The ones with more parts come first: a folder is asked for them in this order. */
export const families: readonly Family[] = Object.values(table);

export const familyOf = (modelIndex: JsonObject): Family => families.find(({ isNamedBy }) => isNamedBy(modelIndex))!;

/** The family whose components are all among the files of a folder; the last one where none is. */
export function familyOfPaths(paths: readonly string[]): Family {
  const holds = ({ components }: FamilyFiles): boolean => components.every(({ name }) => paths.includes(`${name}/config.json`));
  return families.find(holds) ?? families.at(-1)!;
}

export const componentsOfKind = ({ components }: FamilyFiles, kind: NetworkKind): readonly ComponentFiles[] =>
  components.filter(({ network }) => network === kind);

const embeddingKeysOf = (family: FamilyFiles): string[] =>
  componentsOfKind(family, 'text-encoder').flatMap(({ embeddingKey }) => embeddingKey ?? []);

/** The keys of embedding files for this number of text encoders, in the order of the encoders. */
export function embeddingKeys(encoders: number): readonly string[] {
  const fitting = families.map(embeddingKeysOf).find(({ length }) => length === encoders);
  if (!fitting) throw new RangeError(`no model family has ${encoders} text encoders`);
  return fitting;
}

/** The family of several text encoders whose last has rows in a file with these keys; undefined where none has. */
export const familyOfEmbedding = (has: (key: string) => boolean): Family | undefined =>
  families.find((family) => {
    const keys = embeddingKeysOf(family);
    return keys.length > 1 && has(keys.at(-1)!);
  });

/** The text encoder that has the rows, by the key of an embedding's file; null for the only one. */
export const embeddingComponents: ReadonlyMap<string, ComponentName | null> = new Map(
  families.flatMap((family) => {
    const encoders = componentsOfKind(family, 'text-encoder');
    return encoders.flatMap(({ name, embeddingKey: key }) =>
      key === undefined ? [] : [[key, encoders.length > 1 ? name : null] as const],
    );
  }),
);

/** The base models whose text states are so wide; undefined for a width of none. */
export const variantOf = (contextWidth: number | null): string | undefined =>
  families.flatMap(({ variants }) => variants).find((variant) => variant.contextWidth === contextWidth)?.name;

const kinds = new Map<string, NetworkKind>(families.flatMap(({ components }) => components.map(({ name, network }) => [name, network])));

/** The kind of network that a component's folder holds; undefined for a name of none. */
export const kindOf = (component: string): NetworkKind | undefined => kinds.get(component);

/** The only component of its kind. */
export const componentOfKind = (family: FamilyFiles, kind: NetworkKind): ComponentName => componentsOfKind(family, kind)[0]!.name;
