// Early stopping: the default of the base model, none, or settings of the user's own.
import type { ReactElement } from 'react';
import { useDatasets } from '../../data/queries.ts';
import { usualSamples } from '../../data/samples-while-training.ts';
import type { Setting } from '../../data/settings-schema.ts';
import { type Check, errorAt, getAt } from '../../data/training-draft.ts';
import { Group } from './group.tsx';
import type { FormPart } from './part.ts';
import { isChanged, SettingField, SettingFrame } from './setting-field.tsx';

const PATH = ['early_stopping'];
/** Settings that a request must contain, as the form begins with them. */
const INITIAL: Readonly<Record<string, unknown>> = { metric: 'clip', patience: 2 };
const HELP = 'Ends the training when its sample images no longer improve';

type Props = FormPart & { settings: Setting[] };

export function EarlyStopping({ settings, ...part }: Props): ReactElement {
  const { draft, change, check, defaults } = part;
  const value = getAt(draft, PATH);
  const own = useOwnSettings(settings);
  const choose = (next: string) => {
    change(PATH, next === '' ? undefined : next === 'off' ? null : INITIAL);
    if (next === 'on' && !draft.validation) change(['validation'], usualSamples(draft, defaults));
  };
  const changed = value === undefined ? 0 : 1 + (value === null ? 0 : own.filter((setting) => isChanged(draft, setting)).length);
  const isWrong = check?.errors.some(({ pointer }) => pointer.startsWith('/early_stopping')) === true;
  return (
    <Group name="Early stopping" changed={changed} isWrong={isWrong}>
      <SettingFrame
        {...{ id: 'early-stopping', name: 'early_stopping', error: errorAt(check, PATH) }}
        help={value === undefined && check?.earlyStopping ? `${HELP}. Default ${described(check.earlyStopping)}.` : `${HELP}.`}
        onReset={value === undefined ? undefined : () => choose('')}
      >
        <select
          id="early-stopping"
          className="select"
          value={value === undefined ? '' : value === null ? 'off' : 'on'}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="">{`Default${value === undefined && check ? ` (${check.earlyStopping ? 'on' : 'off'})` : ''}`}</option>
          <option value="on">on</option>
          <option value="off">off</option>
        </select>
      </SettingFrame>
      {value ? own.map((setting) => <SettingField key={setting.name} setting={setting} {...part} />) : null}
    </Group>
  );
}

const described = ({ metric, patience, min_clip_share: share }: NonNullable<Check['earlyStopping']>): string =>
  `of this base model: metric ${metric}, patience ${patience}${share === null ? '' : `, min_clip_share ${share}`}`;

/** The settings, and what the service's schema lacks: first values, and names of datasets. */
function useOwnSettings(settings: Setting[]): Setting[] {
  const datasets = useDatasets().data?.filter(({ kind }) => kind === 'style_ref') ?? [];
  const reference: Partial<Setting> = {
    kind: 'choice',
    choices: datasets.map(({ id }) => id),
    titles: Object.fromEntries(datasets.map(({ id, name }) => [id, name])),
  };
  return settings.map((setting) => ({
    ...setting,
    ...(setting.name in INITIAL && { initial: INITIAL[setting.name], usual: INITIAL[setting.name] }),
    ...(setting.name === 'reference_dataset_id' && reference),
  }));
}
