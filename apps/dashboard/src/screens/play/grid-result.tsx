// One generation's grid: a column for each value across, a row for each value down.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { isPending } from '../../data/generations.ts';
import { notifyError } from '../../data/toasts.ts';
import { Icon } from '../../ui/icons.tsx';
import { Picture } from '../../ui/picture.tsx';
import { axesOf, placeOf } from './grid-fields.tsx';
import { saveGridImage } from './grid-image.ts';

type Props = { generation: Generation; onOpen(image: GeneratedImage): void };

export function GridResult({ generation, onOpen }: Props): ReactElement {
  const { across, down } = axesOf(generation.config);
  const rows = down?.values ?? [''];
  const save = () =>
    void saveGridImage(generation, `grid-${generation.id}`).catch((error: unknown) => notifyError('The grid could not be saved', error));
  return (
    <>
      <div className="samples" tabIndex={0} role="region" aria-label="Grid of images">
        <table>
          <thead>
            <tr>
              <td className="small soft">
                {across.name} across{down && `, ${down.name} down`}
              </td>
              {across.values.map((value, x) => (
                <th key={x} scope="col">
                  {value}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((value, y) => (
              <tr key={y}>
                <th scope="row">{value === '' ? 'Images' : value}</th>
                {across.values.map((_, x) => (
                  <td key={x}>
                    <Cell {...{ generation, x, y, onOpen }} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {generation.images.length > 1 && (
        <div className="row">
          <button type="button" className="button small" onClick={save}>
            <Icon name="download" size={15} />
            Save the grid as one image
          </button>
        </div>
      )}
    </>
  );
}

function Cell({ generation, x, y, onOpen }: Props & { x: number; y: number }): ReactElement {
  const images = generation.images.filter(({ cell }) => cell?.x === x && cell.y === y);
  const place = placeOf(generation.config, { x, y });
  if (images.length === 0) {
    const why = isPending(generation) ? 'Waiting' : generation.status === 'succeeded' ? 'Deleted' : 'Not generated';
    return (
      <>
        <Picture path={undefined} alt="" width={0} />
        <span className="small soft">{why}</span>
      </>
    );
  }
  return (
    <>
      {images.map((image) => (
        <button key={image.id} type="button" className="tile-button" onClick={() => onOpen(image)}>
          <Picture path={image.url} alt={`${image.prompt}, ${place}, seed ${image.seed}`} width={image.width} />
        </button>
      ))}
    </>
  );
}
