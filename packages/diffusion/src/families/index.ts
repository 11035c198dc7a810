// The model families that there are, by the name that their files give them: the compiler asks for each.
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

/** Configs of the networks as a folder's files have them. */
export type ComponentConfigs = Readonly<Partial<Record<ComponentName, JsonObject>>>;

/** The model of these configs, of the family that `modelIndex` names. Throws ConfigError. */
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
