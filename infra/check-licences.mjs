// Compares the licence of every installed package with infra/licences.json: `node infra/check-licences.mjs`.
// Exit code 1 for a licence that the list does not accept, and for an entry of the list that no package needs.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const licenceRules = () => JSON.parse(readFileSync(join(root, 'infra/licences.json'), 'utf8'));

/** Packages of package-lock.json other than our own: name, version, licence, whether only development needs it. */
export function lockedPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, { version, license, dev }]) => ({
      name: path.split('node_modules/').at(-1),
      version,
      licence: license,
      development: dev === true,
    }));
}

/** Sentences about what is wrong, none when all is well. */
export function licenceProblems(packages, rules) {
  const used = new Set();
  const unaccepted = packages.filter((item) => !isAccepted(item, rules, used));
  return [
    ...unaccepted.map(
      ({ name, version, licence }) =>
        `${name} ${version}: ${licence ?? 'no licence'} is not accepted; choose another package, or add an exception with its reason`,
    ),
    ...[...rules.exceptions, ...rules.stated]
      .filter((rule) => !used.has(rule))
      .map((rule) => `infra/licences.json: no package needs the entry for ${rule.package}`),
  ];
}

function isAccepted(item, rules, used) {
  const stated = item.licence === undefined ? rules.stated.find((rule) => matches(rule.package, item.name)) : undefined;
  if (stated) used.add(stated);
  const licence = item.licence ?? stated?.licence;
  if (licence === undefined) return false;
  const accepts = (identifier) => {
    if (rules.accepted.includes(identifier)) return true;
    if (item.development && rules.development.includes(identifier)) return true;
    const exception = rules.exceptions.find((rule) => rule.licence === identifier && matches(rule.package, item.name));
    if (exception) used.add(exception);
    return exception !== undefined;
  };
  // SPDX expressions of packages have one level: alternatives of combinations.
  return licence
    .replace(/^\((.*)\)$/, '$1')
    .split(/ or /i)
    .some((alternative) => alternative.split(/ and /i).every((identifier) => accepts(identifier.trim())));
}

/** Whether the name fits the pattern, in which `*` stands for any characters. */
function matches(pattern, name) {
  const [first, last] = pattern.split('*');
  return last === undefined ? name === first : name.startsWith(first) && name.endsWith(last);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = lockedPackages();
  const problems = licenceProblems(packages, licenceRules());
  for (const problem of problems) console.error(problem);
  console.log(`${packages.length} packages, ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}
