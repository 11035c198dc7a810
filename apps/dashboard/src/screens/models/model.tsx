// One model of the registry: cover, words to copy, versions with aliases, downloads and origin.
import type { Model, ModelVersion } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import { bytes, plural } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import type { Call, CodeChoice } from '../../data/calls.ts';
import { useCheckpoint, useModelVersions, useNamedModel } from '../../data/registry.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete, useHidden } from '../../data/undo.ts';
import { Ago } from '../../ui/ago.tsx';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { DownloadFormats } from '../../ui/download-formats.tsx';
import { Icon } from '../../ui/icons.tsx';
import { CopyButton, Failure, Loading, NoScreen, PageHead } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';

export function ModelScreen(): ReactElement {
  const { name = '' } = useParams<{ name: string }>();
  const { data: model, error } = useNamedModel(name);
  const remove = useDelete();
  const client = useClient();
  const [, go] = useLocation();
  const onDelete = () => {
    remove({ ids: [`model ${name}`], label: name, invalidates: 'models', run: () => client.models.delete(name) });
    go('/models');
  };
  if (error) return <NoScreen error={error} what="The model" list={<Link href="/models">Models</Link>} />;
  if (!model) return <Loading height={320} />;
  return (
    <>
      <PageHead title={model.name} about={model.description || undefined} crumb={<Link href="/models">Models</Link>}>
        <Link className="button primary" href={`/play?model=${model.name}`}>
          Use
        </Link>
        <CopyAsCode choices={codeOf(model)} />
        <button type="button" className="button quiet" onClick={onDelete}>
          <Icon name="trash" />
          Delete
        </button>
      </PageHead>
      <div className="stack-l">
        <About model={model} />
        <Description key={model.id} model={model} />
        <Versions model={model} />
      </div>
    </>
  );
}

function codeOf({ name, prompt_template: template }: Model): CodeChoice[] {
  const body = { model: name, prompts: [template?.replace('{prompt}', 'a lighthouse') ?? 'a lighthouse'], seed: 7 };
  const read = (path: string, sdk: string): Call => ({
    method: 'GET',
    path: `/v1/models/${name}${path}`,
    sdk: `models.${sdk}`,
    args: [name],
  });
  return [
    { label: 'Generate with it', calls: [{ method: 'POST', path: '/v1/images/generations', body, sdk: 'images.generate' }] },
    { label: 'Read it', calls: [read('', 'get')] },
    { label: 'List its versions', calls: [read('/versions', 'listVersions')] },
  ];
}

function About({ model }: { model: Model }): ReactElement {
  const { latest, prompt_template: template, cover_url: cover } = model;
  return (
    <section className="card model-about">
      {cover && <Picture path={cover} alt={`Cover of ${model.name}`} width={latest?.provenance.resolution ?? 512} />}
      <div className="stack">
        <p className="row">
          Name in requests: <code>{model.name}</code>
          <CopyButton text={model.name} label="Copy name" />
        </p>
        {latest?.provenance.tokens.map(({ name, token }) => (
          <p key={name} className="row">
            Token{latest.provenance.tokens.length > 1 ? ` of ${name}` : ''}: <code>{token}</code>
            <CopyButton text={token} label="Copy token" />
          </p>
        ))}
        {template && (
          <p className="row">
            Prompt: <code className="wrap">{template}</code>
            <CopyButton text={template} label="Copy prompt" />
          </p>
        )}
        <p className="small soft">
          Licence: {model.license ?? 'unknown'}. {plural(model.versions, 'version')}, changed <Ago time={model.updated_at} />.
        </p>
      </div>
    </section>
  );
}

function Description({ model }: { model: Model }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [description, setDescription] = useState(model.description);
  const [license, setLicense] = useState(model.license ?? '');
  const isChanged = description !== model.description || license !== (model.license ?? '');
  const save = useMutation({
    mutationFn: () => client.models.update(model.name, { description, license: license.trim() === '' ? null : license }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['models'] }),
    onError: (error) => notifyError('The model could not be changed', error),
  });
  return (
    <details className="card">
      <summary>Description and licence</summary>
      <div className="stack">
        <div className="field">
          <label htmlFor="model-description">Description</label>
          <textarea
            id="model-description"
            className="input"
            rows={3}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="model-license">Licence</label>
          <input id="model-license" className="input" value={license} onChange={(event) => setLicense(event.target.value)} />
        </div>
        <div>
          <button type="button" className="button primary small" disabled={!isChanged || save.isPending} onClick={() => save.mutate()}>
            Save
          </button>
        </div>
      </div>
    </details>
  );
}

function Versions({ model }: { model: Model }): ReactElement {
  const { data, error } = useModelVersions(model.name);
  const hidden = useHidden();
  return (
    <section className="stack">
      <h2>Versions</h2>
      {error && <Failure error={error} what="The versions" />}
      {!data && !error && <Loading />}
      {data?.length === 0 && <p className="soft">All versions have been deleted.</p>}
      <ul className="stack">
        {data
          ?.filter(({ reference }) => !hidden.has(reference))
          .map((version) => (
            <VersionCard key={version.version} version={version} />
          ))}
      </ul>
    </section>
  );
}

function VersionCard({ version }: { version: ModelVersion }): ReactElement {
  const { reference, notes, checkpoint_id: checkpointId, provenance, size_bytes: size, created_at: at, model, version: number } = version;
  const client = useClient();
  const remove = useDelete();
  const checkpoint = useCheckpoint(checkpointId);
  const onDelete = () =>
    remove({ ids: [reference], label: reference, invalidates: 'models', run: () => client.models.deleteVersion(model, number) });
  return (
    <li className="card stack">
      <div className="row-apart">
        <VersionTitle version={version} />
        <span className="row">
          <CopyButton text={reference} label="Copy reference" />
          <button type="button" className="button quiet small icon" aria-label={`Delete ${reference}`} onClick={onDelete}>
            <Icon name="trash" size={15} />
          </button>
        </span>
      </div>
      {notes && <p>{notes}</p>}
      <Provenance provenance={provenance} />
      <p className="small soft num">
        {bytes(size)}, <Ago time={at} />
      </p>
      {checkpoint.data && <DownloadFormats id={checkpoint.data.id} formats={checkpoint.data.formats} />}
      <SetAlias version={version} />
    </li>
  );
}

function VersionTitle({ version: { reference, aliases } }: { version: ModelVersion }): ReactElement {
  return (
    <h3>
      {reference}{' '}
      {aliases.map((alias) => (
        <span key={alias} className="pill good">
          {alias}
        </span>
      ))}
    </h3>
  );
}

function Provenance({ provenance }: { provenance: ModelVersion['provenance'] }): ReactElement {
  const { training_job: job, step, datasets, base_model: base, upload, adaptation } = provenance;
  if (job === null)
    return (
      <p className="small wrap">
        Uploaded as {upload?.file_name}: {adaptation} in the layout of {upload?.layout}
        {upload?.rank && `, rank ${upload.rank}`}, for {base.name}.
      </p>
    );
  return (
    <p className="small wrap">
      Step {step} of <Link href={`/jobs/${job.id}`}>{job.name ?? 'the training job'}</Link> ({METHODS[job.method] ?? job.method}) on{' '}
      {base.name}
      {base.source && ` (${base.source})`}, with{' '}
      {datasets.map(({ id, name, images, role }, index) => (
        <span key={role}>
          {index > 0 && ' and '}
          <Link href={`/datasets/${id}`}>{name ?? 'a deleted dataset'}</Link> ({plural(images, 'image')})
        </span>
      ))}
      .
    </p>
  );
}

/** The service moves this alias itself. */
const LATEST = 'latest';

function SetAlias({ version: { model, version, reference, aliases } }: { version: ModelVersion }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [alias, setAlias] = useState('');
  const save = useMutation({
    mutationFn: () => client.models.setAlias(model, alias, version),
    onSuccess: () => {
      setAlias('');
      return queries.invalidateQueries({ queryKey: ['models'] });
    },
    onError: (error) => notifyError('The alias could not be set', error),
  });
  const remove = useMutation({
    mutationFn: (name: string) => client.models.deleteAlias(model, name),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['models'] }),
    onError: (error) => notifyError('The alias could not be removed', error),
  });
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <input
        className="input alias-input"
        aria-label={`Alias for ${reference}`}
        placeholder="alias, such as production"
        value={alias}
        onChange={(event) => setAlias(event.target.value)}
      />
      <button type="submit" className="button small" disabled={alias === '' || save.isPending}>
        Set alias
      </button>
      {aliases
        .filter((name) => name !== LATEST)
        .map((name) => (
          <button key={name} type="button" className="button quiet small" disabled={remove.isPending} onClick={() => remove.mutate(name)}>
            Remove {name}
          </button>
        ))}
    </form>
  );
}
