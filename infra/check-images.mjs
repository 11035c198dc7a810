// Compares every image reference of the repository with infra/images.json: `node infra/check-images.mjs [--offline]`.
// Exit code 1 for a reference that is not listed, an image older than a year, or a digest that the registry gives otherwise.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const DAY = 24 * 3600 * 1000;
const MOST_DAYS = 365;
/** Images that this repository builds itself. */
const OWN = /^(registry\.example\.com\/)?styleforge-/;

/** Files that name images: Dockerfiles, the compose file and the manifests. */
export function filesWithImages() {
  const list = (folder, pattern) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`);
  return ['docker-compose.yml', ...list('infra/docker', /^Dockerfile/), ...list('infra/kubernetes', /\.ya?ml$/)];
}

/** References as the files spell them: `name:tag@digest`, without stages of the same Dockerfile and own images. */
export function imageReferences(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const stages = new Set([...text.matchAll(/^FROM \S+ AS (\S+)/gim)].map(([, name]) => name));
  const found = [...text.matchAll(/^\s*(?:FROM|- image:|image:)\s+"?([^\s"]+)/gm)].map(([, reference]) => reference);
  return found.filter((reference) => !stages.has(reference) && !OWN.test(reference));
}

export function listedImages() {
  return JSON.parse(readFileSync(join(root, 'infra/images.json'), 'utf8')).images;
}

export const referenceOf = ({ name, tag, digest }) => `${name}:${tag}@${digest}`;

/** Sentences about what is wrong, none when all is well. `now` in milliseconds. */
export function problemsOf(images, references, now) {
  const listed = new Map(images.map((image) => [referenceOf(image), image]));
  const used = new Set(references.map(({ reference }) => reference));
  return [
    ...references
      .filter(({ reference }) => !listed.has(reference))
      .map(({ file, reference }) => `${file}: ${reference} is not in infra/images.json`),
    ...images.filter((image) => !used.has(referenceOf(image))).map((image) => `infra/images.json: nothing uses ${referenceOf(image)}`),
    ...images
      .filter(({ released }) => now - Date.parse(released) > MOST_DAYS * DAY)
      .map(({ name, tag, released }) => `${name}:${tag} is of ${released}: take a release of the last ${MOST_DAYS} days`),
  ];
}

/** The digest that Docker Hub gives for a tag; undefined when the registry cannot be reached. */
async function publishedDigest({ name, tag }) {
  const repository = name.includes('/') ? name : `library/${name}`;
  const options = { signal: AbortSignal.timeout(15_000) };
  const scope = `service=registry.docker.io&scope=repository:${repository}:pull`;
  const grant = await fetch(`https://auth.docker.io/token?${scope}`, options).catch(() => undefined);
  if (!grant?.ok) return undefined;
  const { token } = await grant.json();
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
  const url = `https://registry-1.docker.io/v2/${repository}/manifests/${tag}`;
  const manifest = await fetch(url, { ...options, method: 'HEAD', headers: { authorization: `Bearer ${token}`, accept } });
  return manifest.headers.get('docker-content-digest') ?? `nothing (${manifest.status})`;
}

async function main() {
  const references = filesWithImages().flatMap((file) => imageReferences(file).map((reference) => ({ file, reference })));
  const images = listedImages();
  const problems = problemsOf(images, references, Date.now());
  for (const image of process.argv.includes('--offline') ? [] : images) {
    const digest = await publishedDigest(image);
    if (digest === undefined) console.log(`${image.name}:${image.tag}: the registry cannot be reached, its digest was not compared`);
    else if (digest !== image.digest) problems.push(`${image.name}:${image.tag}: the registry has ${digest}, the list ${image.digest}`);
  }
  for (const problem of problems) console.error(problem);
  console.log(`${images.length} images listed, ${problems.length} problems`);
  return problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
