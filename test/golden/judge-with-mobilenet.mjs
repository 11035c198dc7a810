// Distance of kept images of `npm run experiment -- paper-table --keep-images` to their style by features that the project does not use:
// the last 1,280 numbers of MobileNetV2 as the npm package nsfwjs ships it (MIT). Run in a folder where `npm i nsfwjs @tensorflow/tfjs
// @tensorflow/tfjs-backend-wasm sharp` was run:   node judge-with-mobilenet.mjs FOLDER
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

// Packages that the project does not have.
const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'nsfwjs', 'sharp'];
const [tf, , { load }, { default: sharp }] = await Promise.all(packages.map((name) => import(name)));

const REFERENCES = 120;
const BATCH = 12;
const SIDE = 224;

const folder = process.argv[2];
await tf.setBackend('wasm');
const { model } = await load('MobileNetV2Mid');
const output = Object.keys(model.executor.graph.nodes).find((name) => name.endsWith('feature_vector/SpatialSqueeze'));

async function featuresOf(files) {
  const features = [];
  for (let from = 0; from < files.length; from += BATCH) {
    const part = files.slice(from, from + BATCH);
    const pixels = await Promise.all(
      part.map((file) => sharp(file).flatten({ background: '#fff' }).resize(SIDE, SIDE, { kernel: 'cubic', fit: 'fill' }).raw().toBuffer()),
    );
    const values = tf.tidy(() =>
      model.execute(tf.div(tf.tensor4d(Float32Array.from(Buffer.concat(pixels)), [part.length, SIDE, SIDE, 3]), 255), output),
    );
    features.push(...(await values.array()));
    values.dispose();
  }
  return features;
}

async function imagesOf(directory, most = Infinity) {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.png')).sort();
  const count = Math.min(most, files.length);
  return Array.from({ length: count }, (_, i) => join(directory, files[Math.floor((i * files.length) / count)]));
}

const kernel = (a, b) => (a.reduce((sum, value, i) => sum + value * b[i], 0) / a.length + 1) ** 3;
const within = (set) => {
  let sum = 0;
  for (let i = 0; i < set.length; i++) for (let j = 0; j < i; j++) sum += 2 * kernel(set[i], set[j]);
  return sum / (set.length * (set.length - 1));
};
const between = (a, b) => a.reduce((sum, one) => sum + b.reduce((part, other) => part + kernel(one, other), 0), 0) / (a.length * b.length);

/** KID over all images at once, without subsets (Binkowski et al., arXiv 1801.01401, formula 4). */
for (const style of await readdir(join(folder, 'generated'))) {
  const reference = await featuresOf(await imagesOf(join(folder, 'reference', style), REFERENCES));
  const own = within(reference);
  for (const cell of await readdir(join(folder, 'generated', style))) {
    const images = await featuresOf(await imagesOf(join(folder, 'generated', style, cell)));
    console.log(style, cell, (1000 * (own + within(images) - 2 * between(images, reference))).toFixed(1));
  }
}
