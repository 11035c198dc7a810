// The model families that there are: the compiler asks for each.
import { type ComponentFiles, type ComponentName, type FamilyFiles, type FamilyName, type NetworkKind } from './family.ts';
import { stableDiffusionXlFiles } from './stable-diffusion-xl.ts';
import { stableDiffusionFiles } from './stable-diffusion.ts';
import { type JsonObject } from '../files/read-files.ts';

const table: { readonly [Name in FamilyName]: FamilyFiles & { readonly name: Name } } = {
  'stable-diffusion-xl': stableDiffusionXlFiles,
  'stable-diffusion': stableDiffusionFiles,
};

/** The ones with more parts come first: a folder is asked for them in this order. */
export const families: readonly FamilyFiles[] = Object.values(table);

export const familyOf = (modelIndex: JsonObject): FamilyFiles => families.find(({ isNamedBy }) => isNamedBy(modelIndex))!;

/** The family whose components are all among the files of a folder; the last one where none is. */
export function familyOfPaths(paths: readonly string[]): FamilyFiles {
  const holds = ({ components }: FamilyFiles): boolean => components.every(({ name }) => paths.includes(`${name}/config.json`));
  return families.find(holds) ?? families.at(-1)!;
}

export const componentsOfKind = ({ components }: FamilyFiles, kind: NetworkKind): readonly ComponentFiles[] =>
  components.filter(({ network }) => network === kind);

const kinds = new Map<string, NetworkKind>(families.flatMap(({ components }) => components.map(({ name, network }) => [name, network])));

/** The kind of network that a component's folder holds; undefined for a name of none. */
export const kindOf = (component: string): NetworkKind | undefined => kinds.get(component);

/** The only component of its kind. */
export const componentOfKind = (family: FamilyFiles, kind: NetworkKind): ComponentName => componentsOfKind(family, kind)[0]!.name;
