// One evaluation: progress, report, its images side by side, and a blind vote on pairs of them.
import type { Evaluation, EvaluationImage } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useParams, useSearchParams } from 'wouter';
import { useOpened } from '../../data/address.ts';
import { labelIn, useModels } from '../../data/models.ts';
import type { Call, CodeChoice } from '../../data/calls.ts';
import { useClient } from '../../data/session.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Failure, Loading, NoScreen, PageHead, Pill } from '../../ui/parts.tsx';
import { Lightbox, type LightboxItem } from '../../ui/lightbox.tsx';
import { Picture } from '../../ui/picture.tsx';
import { EvaluationActions } from './evaluation-actions.tsx';
import { EvaluationProgress, isPending } from './progress.tsx';
import { BlindVote } from './blind-vote.tsx';
import { ShareReport } from './share-report.tsx';
import { ReportView } from './report-view.tsx';

const TABS = [
  ['', 'Report'],
  ['images', 'Images'],
  ['vote', 'Blind vote'],
] as const;
const SHOWN = 60;

export function EvaluationScreen(): ReactElement {
  const { id = '' } = useParams();
  const client = useClient();
  const models = useModels();
  const [params] = useSearchParams();
  const tab = params.get('tab') ?? '';
  const { data, error } = useQuery({
    queryKey: ['evaluation', id],
    queryFn: () => client.evaluations.get(id),
    refetchInterval: ({ state }) => (state.data && isPending(state.data) ? 1_500 : false),
  });
  if (error) return <NoScreen error={error} what="The evaluation" list={<Link href="/evaluations">Evaluations</Link>} />;
  if (!data) return <Loading height={320} />;
  const labels = data.config.models.map(({ name, label }) => labelIn(models, name, label));
  return (
    <>
      <PageHead title={labels.join(' and ')} crumb={<Link href="/evaluations">Evaluations</Link>}>
        <Pill status={data.status} />
        {data.status === 'succeeded' && <ShareReport id={data.id} />}
        <CopyAsCode choices={codeOf(data)} />
        <EvaluationActions evaluation={data} name={labels.join(' and ')} />
      </PageHead>
      <EvaluationProgress evaluation={data} />
      {data.error && <p className="note bad">{data.error.message}</p>}
      <nav className="tabs" aria-label="Parts of the evaluation">
        {TABS.map(([name, label]) => (
          <Link key={name} href={`/evaluations/${id}${name && `?tab=${name}`}`} aria-current={name === tab ? 'page' : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      {tab === '' && <Result evaluation={data} labels={labels} />}
      {tab !== '' && <WithImages evaluation={data} labels={labels} isVote={tab === 'vote'} />}
    </>
  );
}

function codeOf({ id, status }: Evaluation): CodeChoice[] {
  const call = (path: string, sdk: string): Call => ({
    method: 'GET',
    path: `/v1/evaluations/${id}${path}`,
    sdk: `evaluations.${sdk}`,
    args: [id],
  });
  return [
    ...(status === 'succeeded' ? [{ label: 'Read the report', calls: [call('/report', 'report')] }] : []),
    { label: 'List its images', calls: [call('/images', 'images')] },
    { label: 'Follow it', calls: [call('', 'get')] },
  ];
}

function Result({ evaluation, labels }: Omit<ImagesProps, 'isVote'>): ReactElement {
  const client = useClient();
  const isDone = evaluation.status === 'succeeded';
  const { data, error } = useQuery({
    queryKey: ['evaluation-report', evaluation.id],
    queryFn: () => client.evaluations.report(evaluation.id),
    enabled: isDone,
    staleTime: Infinity,
  });
  if (!isDone) return <p className="note">The report appears when the evaluation has succeeded.</p>;
  if (error) return <Failure error={error} what="The report" />;
  return data ? <ReportView report={data} labels={labels} /> : <Loading />;
}

type ImagesProps = { evaluation: Evaluation; labels: string[]; isVote: boolean };

function WithImages({ evaluation, labels, isVote }: ImagesProps): ReactElement {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ['evaluation-images', evaluation.id, evaluation.status],
    queryFn: () => client.evaluations.images(evaluation.id),
  });
  if (error) return <Failure error={error} what="Images" />;
  if (!data) return <Loading />;
  const byIndex = new Map<number, EvaluationImage[]>();
  for (const image of data) byIndex.set(image.index, [...(byIndex.get(image.index) ?? []), image]);
  const rows = [...byIndex.values()].filter((row) => row.length === labels.length);
  return isVote ? <BlindVote id={evaluation.id} labels={labels} rows={rows} /> : <ImageTable labels={labels} rows={rows} />;
}

const placeOf = ({ index, model }: EvaluationImage): string => `${index}.${model}`;

/** Prompts down, models across. In full size, each image is compared with that of the last model. */
function ImageTable({ labels, rows }: { labels: string[]; rows: EvaluationImage[][] }): ReactElement {
  const [opened, onOpen] = useOpened('image');
  const images = rows.slice(0, SHOWN).flat();
  const open = images.findIndex((image) => placeOf(image) === opened);
  const itemOf = (image: EvaluationImage): LightboxItem => {
    const other = images.find(({ index, model }) => index === image.index && model === labels.length - 1 && model !== image.model);
    const label = labels[image.model] ?? '';
    return {
      ...{ path: image.url, title: image.prompt, detail: `${label}, seed ${image.seed}` },
      before: other && { path: other.url, label: labels.at(-1) ?? '', afterLabel: label },
    };
  };
  return (
    <div className="samples" tabIndex={0} role="region" aria-label="Images by prompt and model">
      <table>
        <thead>
          <tr>
            <td />
            {labels.map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN).map((row) => (
            <tr key={row[0]!.index}>
              <th scope="row">
                <span title={row[0]!.prompt}>{row[0]!.prompt}</span>
              </th>
              {row
                .toSorted((a, b) => a.model - b.model)
                .map((image) => (
                  <td key={image.model}>
                    <button type="button" className="tile-button" onClick={() => onOpen(placeOf(image))}>
                      <Picture path={image.url} alt={`${image.prompt}, by ${labels[image.model]}`} width={image.width} />
                    </button>
                  </td>
                ))}
            </tr>
          ))}
        </tbody>
      </table>
      {open >= 0 && (
        <Lightbox
          items={images.map(itemOf)}
          index={open}
          onIndex={(index) => onOpen(placeOf(images[index]!))}
          onClose={() => onOpen(null)}
        />
      )}
      {rows.length > SHOWN && (
        <p className="small soft">
          The first {SHOWN} of {rows.length} prompts; the API lists all.
        </p>
      )}
    </div>
  );
}
