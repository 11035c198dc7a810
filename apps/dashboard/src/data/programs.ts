// A training request as programs: curl, the command line, TypeScript, Python.
import { stringify } from 'yaml';

export const PROGRAMS = [
  { value: 'curl', label: 'curl' },
  { value: 'cli', label: 'CLI' },
  { value: 'typescript', label: 'TypeScript' },
  { value: 'python', label: 'Python' },
] as const;
export type Program = (typeof PROGRAMS)[number]['value'];

const json = (request: object) => JSON.stringify(request, null, 2);
/** Single quotes end and begin again around an apostrophe. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** JSON's words for nothing and truth, in Python's spelling; strings stay as they are. */
const python = (request: object) =>
  json(request).replaceAll(
    /"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g,
    (word) => ({ true: 'True', false: 'False', null: 'None' })[word] ?? word,
  );

export function programOf(kind: Program, request: object, baseUrl: string): string {
  switch (kind) {
    case 'curl':
      return `curl -sS --fail-with-body ${baseUrl}/v1/training-jobs \\\n  -H "Authorization: Bearer $STYLEFORGE_API_KEY" \\\n  --json ${quoted(json(request))}\n`;
    case 'cli':
      return `cat > job.yaml <<'END'\n${stringify(request)}END\nnpx styleforge train --file job.yaml\n`;
    case 'typescript':
      return `import StyleForge from '@styleforge/sdk';\n\nconst client = new StyleForge({ baseUrl: '${baseUrl}' });\nconst job = await client.trainingJobs.create(${json(request)});\nconst done = await client.trainingJobs.waitFor(job.id);\nconsole.log(done.status, done.result?.checkpoint_id);\n`;
    case 'python':
      return `import json, os, urllib.request\n\nrequest = urllib.request.Request(\n    "${baseUrl}/v1/training-jobs",\n    data=json.dumps(${python(request).replaceAll('\n', '\n    ')}).encode(),\n    headers={\n        "Authorization": "Bearer " + os.environ["STYLEFORGE_API_KEY"],\n        "Content-Type": "application/json",\n    },\n)\njob = json.load(urllib.request.urlopen(request))\nprint(job["id"], job["status"])\n`;
  }
}
