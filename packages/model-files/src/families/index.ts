// The table of model families. Other tables that lack one of them do not compile.
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

/** Families with more parts first: a folder is compared with them in this order. */
export const families: readonly Family[] = Object.values(table);

export const familyOf = (modelIndex: JsonObject): Family => families.find(({ isNamedBy }) => isNamedBy(modelIndex))!;

/** The family whose components are all in the list of files; the last family if there is none. */
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

/** All keys of a text encoder's rows in embedding files. */
const readKeysOf = ({ embeddingKey, otherEmbeddingKeys = [] }: ComponentFiles): readonly string[] =>
  embeddingKey === undefined ? [] : [embeddingKey, ...otherEmbeddingKeys];

/** The family with several text encoders whose last one has rows in a file with these keys; undefined if there is none. */
export const familyOfEmbedding = (has: (key: string) => boolean): Family | undefined =>
  families.find((family) => {
    const encoders = componentsOfKind(family, 'text-encoder');
    return encoders.length > 1 && readKeysOf(encoders.at(-1)!).some(has);
  });

/** The text encoder of the rows, by the key in an embedding file; null for a model's only text encoder. */
export const embeddingComponents: ReadonlyMap<string, ComponentName | null> = new Map(
  families.flatMap((family) => {
    const encoders = componentsOfKind(family, 'text-encoder');
    return encoders.flatMap((encoder) => readKeysOf(encoder).map((key) => [key, encoders.length > 1 ? encoder.name : null] as const));
  }),
);

/** Name of the base models with this width of text states; undefined for an unknown width. */
export const variantOf = (contextWidth: number | null): string | undefined =>
  families.flatMap(({ variants }) => variants).find((variant) => variant.contextWidth === contextWidth)?.name;

const kinds = new Map<string, NetworkKind>(families.flatMap(({ components }) => components.map(({ name, network }) => [name, network])));

/** The kind of network in a component's folder; undefined for an unknown name. */
export const kindOf = (component: string): NetworkKind | undefined => kinds.get(component);

/** The family's only component of the kind. */
export const componentOfKind = (family: FamilyFiles, kind: NetworkKind): ComponentName => componentsOfKind(family, kind)[0]!.name;
