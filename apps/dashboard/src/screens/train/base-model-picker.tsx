// Chooses base model and method; shows the resolution, size, licence and samples of base models.
import type { BaseModel } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { bytes } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import { type Draft, errorAt, getAt, hasRounds } from '../../data/training-draft.ts';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { BaseSamples } from './base-samples.tsx';
import type { FormPart } from './part.ts';
import { Tokens } from './tokens.tsx';

const ABOUT: Record<string, string> = {
  'single-styleforge': 'Learns one word for the whole style, together with Aux images.',
  'multi-styleforge': 'Learns one word for people and one for backgrounds, together with Aux images.',
  dreambooth: 'Learns one word for the style; Aux images are optional.',
  lora: 'DreamBooth, trained as a small LoRA.',
  'textual-inversion': 'Learns a new word only; the model does not change.',
  'custom-diffusion': 'Learns a new word and the attention matrices that read prompts.',
  styledrop: 'Learns adapters in two rounds: you keep the best candidates of the first.',
  'pivotal-tuning': 'Learns a new word and a LoRA together.',
  'b-lora': 'Learns a LoRA of the two blocks that decide on content and style. For Stable Diffusion XL.',
};

const aboutModel = ({ resolution, size_bytes: size, description, license }: BaseModel): string =>
  `${resolution} × ${resolution} pixels, ${bytes(size)}. ${description}. Licence: ${license ?? 'unknown'}`;

export function BaseModelPicker({ models, ...part }: FormPart & { models: BaseModel[] }): ReactElement {
  const { draft, change, check } = part;
  const model = models.find(({ name }) => name === draft.base_model);
  const chooseMethod = (name: Draft['method']) => {
    change(['method'], name);
    // They belong to the method before.
    for (const setting of ['adaptation', 'styledrop', 'prior_preservation']) change([setting], undefined);
    change(['style_ref', 'components'], undefined);
    if (hasRounds(name)) change(['aux'], undefined);
    else if (draft.aux === undefined || draft.aux === null) change(['aux'], { dataset_id: '' });
  };
  return (
    <section className="card form-grid">
      <div className="stack">
        <SelectField
          id="base-model"
          label="Base model"
          value={draft.base_model}
          onValue={(name) => change(['base_model'], name)}
          options={models.map(({ name, title }) => [name, title])}
          help={model && aboutModel(model)}
          error={errorAt(check, ['base_model'])}
        />
        {model && <BaseSamples key={model.name} model={model} />}
      </div>
      <SelectField
        id="method"
        label="Method"
        value={draft.method}
        onValue={(name) => chooseMethod(name as Draft['method'])}
        options={Object.entries(METHODS)}
        help={ABOUT[draft.method]}
        error={errorAt(check, ['method'])}
      />
      <TextField
        id="job-name"
        label="Name"
        value={String(getAt(draft, ['name']) ?? '')}
        maxLength={200}
        onValue={(name) => change(['name'], name || undefined)}
        help="Only a label; it does not affect the training."
      />
      {!hasRounds(draft.method) && <Tokens {...part} />}
    </section>
  );
}
