// All jobs of the project: by status, method, base model, age and name, newest first, live.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { useAddress } from '../../data/address.ts';
import { AGES, FILTERS, type Filter, isWanted, type Wanted } from '../../data/job-filter.ts';
import { METHODS } from '../../data/jobs.ts';
import { MOST_JOBS, useJobs } from '../../data/job-list.ts';
import { useHidden } from '../../data/undo.ts';
import { FilterChoice, SearchField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, NoMatch, PageHead, Segmented } from '../../ui/parts.tsx';
import { useSelection } from '../../ui/selection.ts';
import { JobTable } from './job-table.tsx';
import { JobSelectionBar } from './selection-bar.tsx';

export function Jobs(): ReactElement {
  const { data: all, error } = useJobs();
  const hidden = useHidden();
  const [params, set] = useAddress();
  const wanted = wantedOf(params);
  const jobs = useMemo(() => all?.filter(({ id }) => !hidden.has(id)), [all, hidden]);
  const shown = useMemo(() => jobs?.filter((job) => isWanted(job, wanted)), [jobs, ...Object.values(wanted)]);
  const selection = useSelection(shown ?? []);
  return (
    <>
      <PageHead title="Training">
        <Link className="button" href="/evaluations?tab=studies">
          Studies
        </Link>
        <Link className="button primary" href="/train">
          <Icon name="plus" />
          New training
        </Link>
      </PageHead>
      <Filters jobs={jobs ?? []} wanted={wanted} set={set} />
      {error && !jobs && <Failure error={error} what="Jobs" />}
      {!jobs && !error && <Loading />}
      {shown?.length === 0 && <NoJobs isFiltered={(jobs?.length ?? 0) > 0} />}
      {shown && shown.length > 0 && (
        <>
          <JobSelectionBar shown={shown} selection={selection} />
          <JobTable jobs={shown} selection={selection} />
          {(all?.length ?? 0) >= MOST_JOBS && <p className="small soft">The list has the newest {MOST_JOBS} jobs of the project.</p>}
        </>
      )}
    </>
  );
}

function NoJobs({ isFiltered }: { isFiltered: boolean }): ReactElement {
  if (isFiltered) return <NoMatch title="No job matches" all="/jobs" label="Show all jobs" />;
  return (
    <Empty title="No jobs yet" icon="train">
      <p>A training job teaches a base model your style. It needs images of the style; sample images are there to try it with.</p>
      <Link className="button primary" href="/train">
        Start a training
      </Link>
    </Empty>
  );
}

function wantedOf(params: URLSearchParams): Wanted {
  const of = (name: string) => params.get(name) ?? '';
  return { filter: (of('status') || 'all') as Filter, method: of('method'), base: of('base'), age: of('age'), search: of('q') };
}

type FilterProps = { jobs: TrainingJob[]; wanted: Wanted; set(name: string, value: string): void };

function Filters({ jobs, wanted, set }: FilterProps): ReactElement {
  const distinct = (values: string[]) => [...new Set(values)].sort();
  const methods = distinct(jobs.map(({ method }) => method));
  const bases = distinct(jobs.map(({ base_model: base }) => base));
  return (
    <div className="row filters">
      <Segmented label="Status" value={wanted.filter} choices={FILTERS} onChange={(value) => set('status', value === 'all' ? '' : value)} />
      <SearchField label="Search jobs" placeholder="Name or key:value" value={wanted.search} onValue={(value) => set('q', value)} />
      <Choice
        label="Any method"
        value={wanted.method}
        options={methods.map((name) => [name, METHODS[name] ?? name])}
        onValue={(value) => set('method', value)}
      />
      <Choice
        label="Any base model"
        value={wanted.base}
        options={bases.map((name) => [name, name])}
        onValue={(value) => set('base', value)}
      />
      <Choice
        label="Any time"
        value={wanted.age}
        options={AGES.map(([value, label]) => [value, label])}
        onValue={(value) => set('age', value)}
      />
    </div>
  );
}

type ChoiceProps = { label: string; value: string; options: [value: string, label: string][]; onValue(value: string): void };

function Choice({ label, value, options, onValue }: ChoiceProps): ReactElement | null {
  if (options.length < 2) return null;
  return <FilterChoice label={label} value={value} onValue={onValue} options={[['', label], ...options]} />;
}
