// An empty project: three steps, and one click that does all of them with sample images.
import { useMutation, useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useBaseModels } from '../../data/queries.ts';
import { readSamples, sampleImage, startSampleJob } from '../../data/samples.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { PageHead } from '../../ui/parts.tsx';

export function TrySamples({ primary = false }: { primary?: boolean }): ReactElement {
  const client = useClient();
  const [, navigate] = useLocation();
  const { data: models } = useBaseModels();
  const start = useMutation({
    mutationFn: () => startSampleJob(client, models ?? []),
    onSuccess: ({ id }) => navigate(`/jobs/${id}`),
    onError: (error) => notifyError('The sample job could not be started', error),
  });
  return (
    <button
      type="button"
      className={`button ${primary ? 'primary' : ''}`}
      disabled={!models || start.isPending}
      onClick={() => start.mutate()}
    >
      {start.isPending ? 'Uploading samples' : 'Try it with sample images'}
    </button>
  );
}

export function FirstSteps(): ReactElement {
  const { data: samples } = useQuery({ queryKey: ['sample-manifest'], queryFn: readSamples, staleTime: Infinity });
  const show = (kind: 'style_ref' | 'aux', count: number) =>
    samples?.[kind].images.slice(0, count).map(({ file }) => sampleImage(file)) ?? [];
  return (
    <>
      <PageHead
        title="Teach a model your style"
        about="Twenty images are enough. A job takes about a minute with the base model that is included."
      >
        <TrySamples primary />
      </PageHead>
      <ol className="steps">
        <Step
          title="Images of your style"
          href="/datasets?new=style_ref"
          action="Add style images"
          picture={<Strip images={show('style_ref', 5)} />}
        >
          15 to 20 images, if possible half of them showing people. The model learns their style.
        </Step>
        <Step title="Aux images" href="/datasets?new=aux" action="Add Aux images" picture={<Strip images={show('aux', 5)} />}>
          About 20 images of people in any other style. They prevent the model from forgetting everything else.
        </Step>
        <Step title="Train and watch" href="/train" action="New training" picture={<Falling />}>
          Sample images appear while the model learns. Stop when you like what you see.
        </Step>
      </ol>
      {samples && <p className="small soft">Sample images: {[...new Set([samples.style_ref.licence, samples.aux.licence])].join('; ')}.</p>}
    </>
  );
}

function Strip({ images }: { images: string[] }): ReactElement {
  return (
    <div className="strip" aria-hidden="true">
      {images.map((url) => (
        <img key={url} src={url} alt="" />
      ))}
    </div>
  );
}

type StepProps = { title: string; href: string; action: string; picture: ReactNode; children: ReactNode };

function Step({ title, href, action, picture, children }: StepProps): ReactElement {
  return (
    <li className="card">
      {picture}
      <h2>{title}</h2>
      <p className="soft">{children}</p>
      <Link className="button" href={href}>
        {action}
      </Link>
    </li>
  );
}

/** Decorative loss curve. */
function Falling(): ReactElement {
  return (
    <svg className="step-curve" viewBox="0 0 120 40" aria-hidden="true">
      <path d="M4 6c10 22 22 27 40 27s40 1 72 1" fill="none" stroke="var(--accent)" strokeWidth="2.500" strokeLinecap="round" />
    </svg>
  );
}
