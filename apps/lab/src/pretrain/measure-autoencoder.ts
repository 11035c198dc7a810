// Measures how accurately the autoencoder reproduces each sample style: decibels per style, and a sheet of originals and reconstructions.
import { graphFor, Program } from '@styleforge/runtime';
import { contactSheet, listStyles, renderSubject, styleRefSubjects, type StyleId } from '@styleforge/samples';
import { fromPlanes, newVae, PIXELS, toPlanes, VAE_PREFIX } from './autoencoder.ts';
import { IMAGE_SIZE } from './geometry.ts';

export interface StyleFidelity {
  readonly style: StyleId;
  readonly role: 'base' | 'target';
  /** Peak signal-to-noise ratio over all pixels of the style's twenty StyleRef subjects. */
  readonly psnr: number;
}

export interface AutoencoderMeasure {
  readonly styles: readonly StyleFidelity[];
  readonly sheet: Buffer;
}

const SHEET_COLUMNS = 10;

/** Decibels of a mean squared error between values in -1..1. */
const decibels = (meanSquared: number): number => -10 * Math.log10(meanSquared / 4);

export async function measureAutoencoder(
  weights: Iterable<readonly [string, Float32Array]>,
  threads?: number,
): Promise<AutoencoderMeasure> {
  const subjects = styleRefSubjects();
  const graph = graphFor();
  const vae = newVae();
  const { mean } = vae.encode(graph, graph.input('pixels', [subjects.length, 3, IMAGE_SIZE, IMAGE_SIZE]), VAE_PREFIX);
  const program = (await Program.compile(graph, { result: vae.decode(graph, mean, VAE_PREFIX) }, { threads })).bind(weights);
  const styles: StyleFidelity[] = [];
  const rows: { label: string; images: { rgb: Uint8Array; width: number; height: number }[] }[] = [];
  const image = (rgb: Uint8Array) => ({ rgb, width: IMAGE_SIZE, height: IMAGE_SIZE });
  for (const { id, role } of listStyles()) {
    const originals = await Promise.all(subjects.map((subject) => renderSubject(id, subject, { size: IMAGE_SIZE })));
    const pixels = new Float32Array(originals.length * 3 * PIXELS);
    originals.forEach((rgb, i) => toPlanes(rgb, pixels, i * 3 * PIXELS));
    const { result } = await program.run({ pixels });
    const squared = result.reduce((sum, value, i) => sum + (Math.max(-1, Math.min(1, value)) - pixels[i]) ** 2, 0);
    styles.push({ style: id, role, psnr: decibels(squared / result.length) });
    const shown = Array.from({ length: SHEET_COLUMNS }, (_, i) => i * 2);
    rows.push({ label: id, images: shown.map((i) => image(originals[i])) });
    rows.push({ label: 'decoded', images: shown.map((i) => image(fromPlanes(result, i * 3 * PIXELS))) });
  }
  await program.release();
  return { styles, sheet: await contactSheet({ rows, columnLabels: subjects.filter((_, i) => i % 2 === 0).map(({ name }) => name) }) };
}

/** One line: decibels by style, target styles first. */
export function shownFidelity(styles: readonly StyleFidelity[]): string {
  const of = (wanted: StyleFidelity['role']): string =>
    styles.flatMap(({ style, role, psnr }) => (role === wanted ? [`${style} ${psnr.toFixed(2)}`] : [])).join(', ');
  return `dB: ${of('target')}; ${of('base')}`;
}
