// `npm run samples`: writes sample images to `pictures/style` and `pictures/aux`, for the examples of the README.
import { baseStyles, targetStyles } from '@styleforge/samples';
import { choiceOption, numberOption } from '../options.ts';
import { readCommandLine } from '../command-line.ts';
import { writeSamples } from './write-samples.ts';

const { values } = readCommandLine({
  usage: 'npm run samples --',
  about: 'Writes twenty sample images of a style and twenty Aux images, with captions, for a first training job.',
  options: {
    to: { type: 'string', default: 'pictures', help: 'folder in which to write style/ and aux/' },
    style: { type: 'string', default: 'ink', help: `style of the StyleRef images: ${targetStyles.join(', ')}` },
    'aux-style': { type: 'string', default: 'fluent', help: `style of the Aux images: ${baseStyles.join(', ')}` },
    size: { type: 'string', default: '64', help: 'width and height in pixels' },
  },
});

try {
  const styles = {
    style: choiceOption('style', values.style, targetStyles),
    aux: choiceOption('aux-style', values['aux-style'], baseStyles),
  };
  const { style, aux } = await writeSamples(values.to, styles, numberOption('size', values.size, { least: 16 }));
  console.log(`StyleRef images: ${style}\nAux images:      ${aux}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
