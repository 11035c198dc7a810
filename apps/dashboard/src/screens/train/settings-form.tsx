// Every setting, in groups.
import type { ReactElement } from 'react';
import { type SettingGroup, useSettingsSchema } from '../../data/settings-schema.ts';
import { errorAt } from '../../data/training-draft.ts';
import { Failure, Loading } from '../../ui/parts.tsx';
import { EarlyStopping } from './early-stopping.tsx';
import type { FormPart } from './part.ts';
import { Group } from './group.tsx';
import { isChanged, SettingField } from './setting-field.tsx';

export function SettingsForm(part: FormPart): ReactElement {
  const { data, error } = useSettingsSchema();
  return (
    <section className="stack">
      <h2>Settings</h2>
      {error && <Failure error={error} what="The settings" />}
      {!data && !error && <Loading />}
      {data?.groups.map((group, index) => (
        <SettingsGroup key={group.name} group={group} isOpen={index === 0} {...part} />
      ))}
      {data && <EarlyStopping settings={data.earlyStopping} {...part} />}
      {data && <SettingsGroup group={{ name: 'Job and webhook', settings: data.job }} isOpen={false} {...part} />}
    </section>
  );
}

function SettingsGroup({ group: { name, settings }, isOpen, ...part }: FormPart & { group: SettingGroup; isOpen: boolean }): ReactElement {
  const changed = settings.filter((setting) => isChanged(part.draft, setting)).length;
  const isWrong = settings.some(({ path }) => errorAt(part.check, path));
  return (
    <Group name={name} changed={changed} isOpen={isOpen} isWrong={isWrong}>
      {settings.map((setting) => (
        <SettingField key={setting.name} setting={setting} {...part} />
      ))}
    </Group>
  );
}
