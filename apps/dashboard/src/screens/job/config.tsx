// The settings of a job, first those that differ from the base model's defaults.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { stringify } from 'yaml';
import { useDefaults } from '../../data/defaults.ts';
import { useAddress } from '../../data/address.ts';
import { jobName, parentOf } from '../../data/jobs.ts';
import { useJobs } from '../../data/job-list.ts';
import { flatten } from '../../data/comparison.ts';
import { type CodeChoice, trainingCall } from '../../data/calls.ts';
import { draftOf, requestOf } from '../../data/training-draft.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { ConfigDifferences } from './config-differences.tsx';
import { CopyButton, Failure, Segmented } from '../../ui/parts.tsx';

const VIEWS = [
  { value: 'table', label: 'Settings' },
  { value: 'yaml', label: 'YAML' },
] as const;

const NOTHING = 'none';

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const show = (value: unknown) =>
  value === null || value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);

const makeAgain = (job: TrainingJob, defaults: Record<string, unknown>): CodeChoice => ({
  ...{ label: 'Make it again', calls: [trainingCall(requestOf(draftOf(job, defaults)))] },
});

export function ConfigTab({ job }: { job: TrainingJob }): ReactElement {
  const [view, setView] = useState<'table' | 'yaml'>('table');
  const [params, set] = useAddress();
  const asked = params.get('against') ?? parentOf(job) ?? NOTHING;
  const other = asked === NOTHING ? '' : asked;
  const { data: defaults, error } = useDefaults(job.method, job.base_model);
  const yaml = stringify(job.config);
  return (
    <div className="stack">
      <div className="row-apart">
        <Segmented label="View" value={view} choices={VIEWS} onChange={setView} />
        <div className="row">
          <CopyButton text={yaml} label="Copy YAML" />
          {defaults && <CopyAsCode choices={[makeAgain(job, defaults)]} />}
        </div>
      </div>
      {view === 'table' && <Against job={job} other={other} onOther={(id) => set('against', id || NOTHING)} />}
      {error && <Failure error={error} what="The defaults" />}
      {view === 'yaml' ? (
        <pre className="code" tabIndex={0}>
          {yaml}
        </pre>
      ) : (
        <>
          {other !== '' && <ConfigDifferences job={job} other={other} />}
          <Settings config={job.config} defaults={defaults} />
        </>
      )}
    </div>
  );
}

type SettingsProps = { config: TrainingJob['config']; defaults: Record<string, unknown> | undefined };

function Settings({ config, defaults: known }: SettingsProps): ReactElement {
  const defaults = known ?? {};
  const { hyperparameters, ...rest } = config;
  const settings = Object.entries(hyperparameters);
  const isChanged = ([name, value]: [string, unknown]) => known !== undefined && !same(value, defaults[name]);
  return (
    <>
      <SettingsTable
        title="Different from the default"
        rows={settings.filter(isChanged)}
        defaults={defaults}
        empty="All settings have their default values."
      />
      <SettingsTable title="Images and prompts" rows={flatten(rest).filter(([, value]) => value !== 'null')} />
      <SettingsTable title="Defaults" rows={settings.filter((row) => !isChanged(row))} />
    </>
  );
}

/** The job that is compared with this one. */
function Against({ job, other, onOther }: { job: TrainingJob; other: string; onOther(id: string): void }): ReactElement {
  const jobs = useJobs().data?.filter(({ id }) => id !== job.id) ?? [];
  const parent = parentOf(job);
  return (
    <label className="row small">
      Compare with
      <select className="select filter-choice" value={other} onChange={(event) => onOther(event.target.value)}>
        <option value="">Nothing else</option>
        {parent !== undefined && <option value={parent}>The job it was made from</option>}
        {jobs
          .filter(({ id }) => id !== parent)
          .slice(0, 100)
          .map((one) => (
            <option key={one.id} value={one.id}>
              {jobName({ ...one, suffix: one.config.suffix })}
            </option>
          ))}
      </select>
    </label>
  );
}

type TableProps = { title: string; rows: [string, unknown][]; defaults?: Record<string, unknown>; empty?: string };

function SettingsTable({ title, rows, defaults, empty }: TableProps): ReactElement {
  return (
    <section className="stack">
      <h2>{title}</h2>
      {rows.length === 0 && <p className="soft">{empty}</p>}
      {rows.length > 0 && (
        <div className="card-flush" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">Value</th>
                {defaults && <th scope="col">Default</th>}
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, value]) => (
                <tr key={name}>
                  <td className="mono">{name}</td>
                  <td className="mono wrap">{show(value)}</td>
                  {defaults && <td className="mono soft wrap">{show(defaults[name])}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
