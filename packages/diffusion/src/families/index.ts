// The table of model families, by the name in their files. A missing family does not compile.
import {
  familyOf,
  parseAutoencoderKLConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  componentOfKind,
  componentsOfKind,
  type ComponentName,
  type FamilyName,
  type JsonObject,
} from '@styleforge/model-files';
import { type DiffusionModel, type ModelConfigs } from './family.ts';
import { stableDiffusionXl } from './stable-diffusion-xl.ts';
import { stableDiffusion } from './stable-diffusion.ts';

const families: { readonly [Name in FamilyName]: (configs: ModelConfigs) => DiffusionModel } = {
  'stable-diffusion': stableDiffusion,
  'stable-diffusion-xl': stableDiffusionXl,
};

/** Configs of the networks, as parsed from a folder's files. */
export type ComponentConfigs = Readonly<Partial<Record<ComponentName, JsonObject>>>;

/** Returns the model for these configs, from the family that `modelIndex` names. Throws ConfigError. */
export function modelOf(modelIndex: JsonObject, configs: ComponentConfigs): DiffusionModel {
  const family = familyOf(modelIndex);
  return families[family.name]({
    family,
    modelIndex,
    unet: parseUNet2DConditionConfig(configs[componentOfKind(family, 'unet')]),
    vae: parseAutoencoderKLConfig(configs[componentOfKind(family, 'autoencoder')]),
    textEncoders: componentsOfKind(family, 'text-encoder').map(({ name }) => ({
      component: name,
      config: parseCLIPTextConfig(configs[name]),
    })),
  });
}
