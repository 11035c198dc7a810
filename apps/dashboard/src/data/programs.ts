// Requests to the API as programs: curl, the command line, TypeScript, Python. Loaded on demand.
import { stringify } from 'yaml';
import type { Call } from './calls.ts';

export const PROGRAMS = [
  { value: 'curl', label: 'curl' },
  { value: 'cli', label: 'CLI' },
  { value: 'typescript', label: 'TypeScript' },
  { value: 'python', label: 'Python' },
] as const;
export type Program = (typeof PROGRAMS)[number]['value'];

const json = (request: unknown) => JSON.stringify(request, null, 2);
/** Quotes a text for the shell; an apostrophe ends and restarts the single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** Converts null, true and false in JSON to Python; strings are not changed. */
const python = (request: object) =>
  json(request).replaceAll(
    /"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g,
    (word) => ({ true: 'True', false: 'False', null: 'None' })[word] ?? word,
  );

/** Languages in which all of the requests can be written. */
export const programsFor = (calls: Call[]) =>
  PROGRAMS.filter(({ value }) => value !== 'cli' || calls.every(({ cli, jobFile }) => cli !== undefined || jobFile !== undefined));

export function programOf(kind: Program, calls: Call[], baseUrl: string): string {
  const each = (write: (call: Call) => string) => calls.map(write).join('\n');
  switch (kind) {
    case 'curl':
      return each((call) => curlOf(call, baseUrl));
    case 'cli':
      return each(({ cli, jobFile }) => (jobFile ? fileCommand(jobFile) : `${cli}\n`));
    case 'typescript':
      return (
        `import StyleForge from '@styleforge/sdk';\n\nconst client = new StyleForge({ baseUrl: '${baseUrl}' ` + `});\n${each(typescriptOf)}`
      );
    case 'python':
      return `import json, os, urllib.request\n\n${each((call) => pythonOf(call, baseUrl))}`;
  }
}

const fileCommand = (request: object) => `cat > job.yaml <<'END'\n${stringify(request)}END\nnpx styleforge train --file job.yaml\n`;

function curlOf({ method, path, body }: Call, baseUrl: string): string {
  const verb = method === (body ? 'POST' : 'GET') ? '' : ` -X ${method}`;
  const data = body ? ` \\\n  --json ${quoted(json(body))}` : '';
  return `curl -sS --fail-with-body${verb} ${quotedUrl(baseUrl + path)} \\\n  -H "Authorization: Bearer $STYLEFORGE_API_KEY"${data}\n`;
}

const quotedUrl = (url: string) => (/[?&*]/.test(url) ? quoted(url) : url);

function typescriptOf({ sdk, args = [], body, params = body ?? null }: Call): string {
  const list = [...args.map(json), ...(params ? [json(params)] : [])].join(', ');
  if (sdk === 'trainingJobs.create')
    return (
      `const job = await client.${sdk}(${list});\nconst done = await ` +
      `client.trainingJobs.waitFor(job.id);\nconsole.log(done.status, done.result?.checkpoint_id);\n`
    );
  return `console.log(await client.${sdk}(${list}));\n`;
}

function pythonOf({ method, path, body }: Call, baseUrl: string): string {
  const data = body ? `    data=json.dumps(${python(body).replaceAll('\n', '\n    ')}).encode(),\n` : '';
  const type = body ? '        "Content-Type": "application/json",\n' : '';
  return (
    `request = urllib.request.Request(\n    "${baseUrl}${path}",\n    method="${method}",\n${data}    headers={\n ` +
    `       "Authorization": "Bearer " + os.environ["STYLEFORGE_API_KEY"],\n${type}    ` +
    `},\n)\nprint(json.load(urllib.request.urlopen(request)))\n`
  );
}
