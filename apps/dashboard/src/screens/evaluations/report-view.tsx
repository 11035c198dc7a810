// A report: the verdict in words, then each metric of each model with its interval.
import type { Report } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { number, plural } from '../../data/format.ts';
import { Picture } from '../../ui/picture.tsx';
import { VoteResult } from './vote-result.tsx';

type Metric = Report['models'][number]['metrics'][number];

const show = ({ metric, value }: Metric) => (metric === 'kid' ? `${number(value * 1000, 2)}` : number(value, 2));
const interval = ({ metric, interval: range }: Metric) => {
  if (!range) return '';
  const scale = metric === 'kid' ? 1000 : 1;
  return `${number(range.low * scale, 2)} to ${number(range.high * scale, 2)}`;
};
const titleOf = ({ metric, name, better }: Metric) =>
  `${name}${metric === 'kid' ? ' × 1000' : ''}, ${better === 'lower' ? 'lower is closer' : 'higher is better'}`;

/** `labels`: what the rest of the page calls the models. */
export function ReportView({ report, labels }: { report: Report; labels?: string[] }): ReactElement {
  const models = report.models.map((model, index) => ({ ...model, label: labels?.[index] ?? model.label }));
  const names = [...new Set(models.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const metricOf = (model: Report['models'][number], name: string) => model.metrics.find((one) => one.name === name);
  const first = (name: string) => models.map((model) => metricOf(model, name)).find((one) => one !== undefined)!;
  return (
    <div className="stack-l">
      <Verdict verdict={report.verdict} />
      {report.votes && <VoteResult tally={report.votes} labels={models.map(({ label }) => label)} />}
      <div className="card-flush" tabIndex={0} role="region" aria-label="Metrics">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              {names.map((name) => (
                <th key={name} scope="col">
                  {titleOf(first(name))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <tr key={model.name}>
                <th scope="row">{model.label}</th>
                {names.map((name) => {
                  const metric = metricOf(model, name);
                  return (
                    <td key={name} className="num">
                      {metric ? show(metric) : '–'}
                      {metric && <div className="small soft">{interval(metric)}</div>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {models.map((model) => (
        <Nearest key={model.name} model={model} />
      ))}
    </div>
  );
}

function Verdict({ verdict }: Pick<Report, 'verdict'>): ReactElement {
  return (
    <section className="card stack">
      <h2>Verdict</h2>
      <p className="measure">{verdict.summary}</p>
      {verdict.points.length > 0 && (
        <ul className="bullets">
          {verdict.points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      )}
      {verdict.cautions.length > 0 && (
        <div className="note warn">
          <strong>Caveats</strong>
          {verdict.cautions.map((caution) => (
            <p key={caution}>{caution}</p>
          ))}
        </div>
      )}
    </section>
  );
}

/** Generated images closest to an image of the style, shown in pairs so that copies are noticed. */
function Nearest({ model: { label, nearest, memorised } }: { model: Report['models'][number] }): ReactElement | null {
  if (nearest.length === 0) return null;
  return (
    <section className="stack">
      <h2>Nearest style images: {label}</h2>
      <p className="small soft measure">
        Left: the generated image. Right: the nearest image of the style. A distance of 0 would be a copy.
        {memorised && ` ${plural(memorised.count, 'image')} looked memorised.`}
      </p>
      <div className="neighbors">
        {nearest.map(({ generated, reference, distance, memorised: isCopy }) => (
          <figure key={generated.url}>
            <div className="pair">
              <Picture path={generated.url} alt={generated.caption ?? 'Generated image'} />
              <Picture path={reference.url} alt={`Nearest style image: ${reference.caption ?? 'no caption'}`} />
            </div>
            <figcaption className="small soft num">
              {generated.caption ?? 'Generated'}, distance {number(distance, 3)} {isCopy && <span className="pill warn">memorised</span>}
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
