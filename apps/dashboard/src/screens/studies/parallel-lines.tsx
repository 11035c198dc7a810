// Shows which settings lead to which result: a line for each variation across all settings, the best in the strongest color.
import type { Study } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { number } from '../../data/format.ts';
import { measuresOf } from '../../data/heat-map.ts';
import { type Axis, type Line, parallelLinesOf } from '../../data/parallel-lines.ts';
import { FilterChoice } from '../../ui/fields.tsx';
import { useWidth } from '../../ui/width.ts';

/** Least room between two axes, and for each letter of their names, which stand above them. */
const ROOM = 100;
const LETTER = 7;
const HEIGHT = 220;
const TOP = 34;
const SIDE = 70;

const yOf = (height: number): number => TOP + HEIGHT * (1 - height);

export function StudyLines({ study: { report } }: { study: Study }): ReactElement | null {
  const measures = measuresOf(report);
  const [at, setAt] = useState(0);
  const measure = measures[at] ?? measures[0];
  const found = measure && parallelLinesOf(report, measure);
  if (!found) return null;
  return (
    <section className="stack" aria-label="Settings and result">
      <div className="row-apart">
        <h2>Settings and result</h2>
        <FilterChoice
          label="Result"
          value={String(at)}
          onValue={(value) => setAt(Number(value))}
          options={measures.map(({ name }, index) => [String(index), name])}
        />
      </div>
      <Lines {...found} measure={measure.name} />
      <p className="small soft">
        Each line is a variation and leads to its job. {measure.name}: {measure.isLowerBetter ? 'lower' : 'higher'} is better; the best line
        is the thickest.
      </p>
    </section>
  );
}

/** The chart fills the width of the screen, and scrolls where the axes need more room. */
function Lines({ axes, lines, measure }: { axes: Axis[]; lines: Line[]; measure: string }): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const shown = useWidth(frame, 0);
  const name = LETTER * Math.max(...axes.map((axis) => axis.name.length));
  const side = Math.max(SIDE, name / 2);
  const room = Math.max(ROOM, name, (shown - 2 * side) / (axes.length - 1));
  const xOf = (axis: number): number => side + axis * room;
  const width = 2 * side + room * (axes.length - 1);
  return (
    <div ref={frame} className="card-flush" tabIndex={0} role="region" aria-label={`Variations across their settings and ${measure}`}>
      <svg className="lines" width={width} viewBox={`0 0 ${width} ${TOP + HEIGHT + 20}`}>
        {lines.map((line) => (
          <VariationLine key={line.row.training_job_id} {...{ line, measure, xOf }} />
        ))}
        {axes.map((axis, index) => (
          <AxisMarks key={axis.name} axis={axis} x={xOf(index)} />
        ))}
      </svg>
    </div>
  );
}

function AxisMarks({ axis: { name, ticks }, x }: { axis: Axis; x: number }): ReactElement {
  return (
    <g aria-hidden="true">
      <text x={x} y={16} textAnchor="middle" className="axis-name">
        {name}
      </text>
      <line x1={x} x2={x} y1={yOf(1)} y2={yOf(0)} className="axis" />
      {ticks.map(({ at, text }) => (
        <text key={text} x={x + 6} y={yOf(at) + 4}>
          {text}
        </text>
      ))}
    </g>
  );
}

type LineProps = { line: Line; measure: string; xOf(axis: number): number };

function VariationLine({ line: { row, value, goodness, points }, measure, xOf }: LineProps): ReactElement {
  const [, navigate] = useLocation();
  const name = `${row.name}: ${measure} ${number(value)}${goodness === 1 ? ' (best)' : ''}`;
  const path = points.map((height, axis) => `${axis === 0 ? 'M' : 'L'}${xOf(axis)} ${yOf(height)}`).join('');
  return (
    <a
      href={`/app/jobs/${row.training_job_id}`}
      aria-label={name}
      data-best={goodness === 1}
      onClick={(event) => {
        event.preventDefault();
        navigate(`/jobs/${row.training_job_id}`);
      }}
    >
      <title>{name}</title>
      <path d={path} className="reach" />
      <path d={path} style={{ stroke: `color-mix(in oklab, var(--good) ${Math.round(100 * goodness)}%, var(--line-strong))` }} />
    </a>
  );
}
