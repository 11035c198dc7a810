// A study of at least two settings as a table; better cells are darker.
import type { Study } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { number } from '../../data/format.ts';
import { type HeatMap, heatMapOf, measuresOf, settingsOf } from '../../data/heat-map.ts';
import { FilterChoice } from '../../ui/fields.tsx';

const shortOf = (setting: string): string => setting.split('.').at(-1) ?? setting;
/** Mixes in the color of the best cell by at most a third, so that text keeps its contrast. */
const colorOf = (goodness: number): string => `color-mix(in oklab, var(--good) ${Math.round(30 * goodness)}%, var(--card))`;

export function StudyHeatMap({ study: { report } }: { study: Study }): ReactElement | null {
  const settings = settingsOf(report);
  const measures = measuresOf(report);
  const [at, setAt] = useState(0);
  const [axes, setAxes] = useState<[string, string]>([settings[0]?.setting ?? '', settings[1]?.setting ?? '']);
  const measure = measures[at] ?? measures[0];
  const map = measure && heatMapOf(report, axes, measure);
  if (!map) return null;
  const names = settings.map(({ setting }): [string, string] => [setting, shortOf(setting)]);
  const [x, y] = axes;
  return (
    <section className="stack" aria-label="Heat map">
      <div className="row-apart">
        <h2>
          {shortOf(x)} by {shortOf(y)}
        </h2>
        <div className="row">
          <FilterChoice
            label="Measure"
            value={String(at)}
            onValue={(value) => setAt(Number(value))}
            options={measures.map(({ name }, index) => [String(index), name])}
          />
          {settings.length > 2 && (
            <>
              <FilterChoice label="Across" value={x} onValue={(value) => setAxes(value === y ? [y, x] : [value, y])} options={names} />
              <FilterChoice label="Down" value={y} onValue={(value) => setAxes(value === x ? [y, x] : [x, value])} options={names} />
            </>
          )}
        </div>
      </div>
      <div className="card-flush" tabIndex={0} role="region" aria-label={`${measure.name} by ${shortOf(x)} and ${shortOf(y)}`}>
        <HeatTable map={map} x={x} y={y} />
      </div>
      <p className="small soft">
        {measure.name}: {measure.isLowerBetter ? 'lower' : 'higher'} is better; the best cell has a frame.
      </p>
    </section>
  );
}

function HeatTable({ map, x, y }: { map: HeatMap; x: string; y: string }): ReactElement {
  return (
    <table className="heat">
      <thead>
        <tr>
          <td className="small soft">
            {shortOf(y)} down, {shortOf(x)} across
          </td>
          {map.x.values.map((value) => (
            <th key={value} scope="col" className="num">
              {value}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {map.cells.map((cells, index) => (
          <tr key={map.y.values[index]}>
            <th scope="row" className="num">
              {map.y.values[index]}
            </th>
            {cells.map((cell, column) => (
              <HeatCell key={map.x.values[column]} cell={cell} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function HeatCell({ cell }: { cell: HeatMap['cells'][number][number] }): ReactElement {
  if (!cell) return <td className="num">–</td>;
  const { goodness, row, value } = cell;
  const isBest = goodness === 1;
  return (
    <td className="num" data-best={isBest} style={{ background: colorOf(goodness) }}>
      <Link className="row-link" href={`/jobs/${row.training_job_id}`} title={row.name}>
        {number(value)}
        {isBest && <span className="visually-hidden"> (best)</span>}
      </Link>
    </td>
  );
}
