// Recognizes a single file that is no checkpoint of a supported family by the names of its tensors, and says what to do.
import { families } from '@styleforge/model-files';

const titles = families.map(({ title }) => title).join(' or ');
const WHOLE = `take the file of a whole model of ${titles}`;

/** Other kinds of files, the more specific ones first: what a file is, and the remedy. */
const KINDS: readonly (readonly [names: RegExp, fault: string])[] = [
  [/^(lora_|lycoris_)|\.(lora_down|lora_up|lora_A|lora_B|lora\.down|lora\.up)\.weight$/, 'is a LoRA: install it with add-adapter'],
  [
    /(^|\.)(joint_blocks|double_blocks|single_blocks|single_transformer_blocks)\./,
    `is a transformer such as Stable Diffusion 3 or FLUX; ${WHOLE}`,
  ],
  [/\.(time_stack|time_mixer|motion_modules)\./, `is a video model; ${WHOLE}`],
  [/^control_model\./, `is a ControlNet; ${WHOLE}`],
  [/^conditioner\.embedders\.0\.model\./, `is the refiner of Stable Diffusion XL, which needs images of the base model; ${WHOLE}`],
  [/^cond_stage_model\.|^conditioner\./, `contains a text encoder of another model; ${WHOLE}`],
  [/^model\.diffusion_model\./, `contains a U-Net without text encoder; ${WHOLE}`],
  [/^(first_stage_model\.)?(encoder|decoder)\./, `contains an autoencoder only; ${WHOLE}`],
  [/^(down_blocks|mid_block|up_blocks)\./, 'is one network of a diffusers folder; name the folder that contains model_index.json'],
];

/** Continues after the name of the file. */
export const otherFileFault = (names: readonly string[]): string =>
  KINDS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? `contains no text encoder of ${titles}; ${WHOLE}`;
