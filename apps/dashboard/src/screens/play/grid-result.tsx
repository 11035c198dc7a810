// One generation's grid: a column for each value across, a row for each value down.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Picture } from '../../ui/picture.tsx';
import { gridValueText } from './grid-fields.tsx';

type Props = { generation: Generation; onOpen(image: GeneratedImage): void };

const nameOf = (parameter: string): string => parameter.replaceAll('_', ' ');

export function GridResult({ generation, onOpen }: Props): ReactElement | null {
  const { grid } = generation.config;
  if (!grid) return null;
  const down = grid.y?.values.map(gridValueText) ?? [''];
  return (
    <div className="samples" tabIndex={0} role="region" aria-label="Grid of images">
      <table>
        <thead>
          <tr>
            <td className="small soft">
              {nameOf(grid.x.parameter)} across{grid.y && `, ${nameOf(grid.y.parameter)} down`}
            </td>
            {grid.x.values.map(gridValueText).map((value) => (
              <th key={value} scope="col">
                {value}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {down.map((value, y) => (
            <tr key={value}>
              <th scope="row">{value === '' ? 'Images' : value}</th>
              {grid.x.values.map(gridValueText).map((across, x) => (
                <td key={across}>
                  {generation.images
                    .filter(({ cell }) => cell?.x === x && cell.y === y)
                    .map((image) => (
                      <button key={image.id} type="button" className="tile-button" onClick={() => onOpen(image)}>
                        <Picture
                          path={image.url}
                          alt={`${image.prompt}, ${nameOf(grid.x.parameter)} ${across}, seed ${image.seed}`}
                          width={image.width}
                        />
                      </button>
                    ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
