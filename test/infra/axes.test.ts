// No file of one axis names a case of another: model families, adaptations, methods and devices are named in their own rooms alone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADAPTATION_KINDS, DEVICES, TRAINING_METHODS } from '@styleforge/contracts';
import { families } from '@styleforge/model-files';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { repository } from './files.ts';

interface Axis {
  readonly name: string;
  readonly cases: readonly string[];
  /** Files that may name the cases. */
  readonly rooms: RegExp;
  /** Only comparisons count: a caller may ask for a case. */
  readonly isAsked?: boolean;
}

const AXES: readonly Axis[] = [
  {
    name: 'family',
    cases: families.flatMap(({ name, variants }) => [name, ...variants.map((variant) => variant.name)]),
    rooms: /^packages\/(model-files|diffusion)\/src\/families\//,
  },
  {
    name: 'adaptation',
    cases: ADAPTATION_KINDS,
    rooms:
      /^packages\/(contracts\/src\/training\/(adaptations|methods)\.ts|(styleforge|weights)\/src\/adaptations\/|model-files\/src\/adapters\/)/,
  },
  {
    name: 'method',
    cases: TRAINING_METHODS.filter((method) => !ADAPTATION_KINDS.some((kind) => kind === method)),
    rooms: /^packages\/contracts\/src\/training\/(methods|styledrop)\.ts/,
    isAsked: true,
  },
  {
    name: 'device',
    cases: DEVICES,
    rooms: /^packages\/(contracts\/src\/common\/devices\.ts|runtime\/src\/devices\/|onnx\/src\/lowering\/)/,
  },
];

/** Defaults of the developers' own commands, experiments, and data of tests: they are about cases. */
const CHOOSES = /^(packages\/testing\/|apps\/lab\/src\/(bench|experiment|parity|showcase)\/)/;

/** Words that mean something else in these files. */
const OTHER_MEANINGS: Readonly<Record<string, readonly string[]>> = {
  // the name of a file
  'apps/api/src/services/models/adapter-upload.ts': ['adapter'],
  // a checkpoint's form: a whole folder, or an addition
  'packages/contracts/src/training/training-jobs.ts': ['adapter'],
  // the precision of an operation
  'packages/onnx/src/lowering/precision.ts': ['full'],
  // where onnxruntime puts a result
  'packages/runtime/src/programs/device-program.ts': ['cpu'],
};

/** A name of a field: in a table, which the compiler keeps complete, or picked from a type. */
function isFieldName(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name === node;
  const type = ts.isLiteralTypeNode(parent) && ts.isUnionTypeNode(parent.parent) ? parent.parent.parent : parent.parent;
  return ts.isLiteralTypeNode(parent) && ts.isTypeReferenceNode(type) && /^(Pick|Omit)$/.test(type.typeName.getText());
}

const COMPARES = /^[!=]==?$/;

/** An operand of a comparison, or a case of a switch. */
const isCompared = ({ parent }: ts.Node): boolean =>
  ts.isCaseClause(parent) || (ts.isBinaryExpression(parent) && COMPARES.test(parent.operatorToken.getText()));

/** The cases that a source names outside their rooms, with their lines. */
function namedCases(file: string, text: string): string[] {
  if (CHOOSES.test(file)) return [];
  const axes = AXES.filter(({ rooms, cases }) => !rooms.test(file) && cases.some((name) => text.includes(name)));
  if (axes.length === 0) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && !OTHER_MEANINGS[file]?.includes(node.text) && !isFieldName(node)) {
      const axis = axes.find(({ cases, isAsked }) => cases.includes(node.text) && (!isAsked || isCompared(node)));
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      if (axis) found.push(`${file}:${line + 1} names the ${axis.name} '${node.text}': ask a property of the case, or make it a table`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('finds a comparison with a case, and accepts tables and picked fields', () => {
  const inWorker = (text: string): number => namedCases('apps/worker/src/x.ts', text).length;
  expect(inWorker("if (kind === 'lora') merge();")).toBe(1);
  expect(inWorker("switch (device) { case 'cuda': break; case 'webgpu': break; }")).toBe(2);
  expect(inWorker("if (method === 'styledrop') create({ method: 'styledrop' });")).toBe(1);
  expect(inWorker("type Sdxl = Extract<Family, { name: 'stable-diffusion-xl' }>;")).toBe(1);
  expect(inWorker("const titles: Record<Method, string> = { 'custom-diffusion': 'Custom Diffusion', lora: 'LoRA' };")).toBe(0);
  expect(inWorker("type Resolves = Pick<Adaptation, 'adapter'>;")).toBe(0);
  expect(namedCases('packages/styleforge/src/adaptations/lora.ts', "const kind = 'lora';")).toEqual([]);
});

it('no file names a case of another axis', () => {
  const listed = execFileSync('git', ['ls-files', 'apps/*/src/**', 'packages/*/src/**'], { cwd: repository, encoding: 'utf8' });
  const sources = listed.split('\n').filter((file) => /\.tsx?$/.test(file) && !file.includes('/generated/'));
  expect(sources.length).toBeGreaterThan(500);
  expect(sources.flatMap((file) => namedCases(file, readFileSync(join(repository, file), 'utf8')))).toEqual([]);
});
