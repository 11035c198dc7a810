// The lint rule of this repository's own: a test that is skipped says so.
import { ESLint, Linter } from 'eslint';
import { expect, it } from 'vitest';
import { repository } from './files.ts';

const left = (code: string, rules: Linter.RulesRecord) =>
  new Linter().verify(code, [{ languageOptions: { sourceType: 'module' }, rules }]).map(({ message }) => message);

it('a skip without a reason is refused, however it is written', async () => {
  const { rules } = (await new ESLint({ cwd: repository }).calculateConfigForFile('packages/launch/test/any.test.ts')) as {
    rules: Linter.RulesRecord;
  };
  const restrictions = { 'no-restricted-syntax': rules['no-restricted-syntax'] };
  const silent = [
    "it.skipIf(missing)('x', () => {})",
    "describe.skipIf(missing !== undefined)('x', () => {})",
    "it.runIf(isLinux)('x', () => {})",
    "it.concurrent.skipIf(a)('x', () => {})",
    "it.skip('x', () => {})",
    "describe.skip.each([1])('x', () => {})",
    "test.todo('x')",
    "it('x', (context) => { context.skip(); })",
    "it('x', { skip: true }, () => {})",
  ];
  for (const code of silent)
    expect(left(`warnNotTested('something else', missing); ${code}`, restrictions), code).toEqual([
      expect.stringMatching(/skipIf\(warnNotTested/),
    ]);
  expect(left("describe.skipIf(warnNotTested('y', missing))('y', () => { it('x', () => {}); });", restrictions)).toEqual([]);
});

it('counts the lines of code of a function, without those of inner functions', async () => {
  const { plugins } = (await new ESLint({ cwd: repository }).calculateConfigForFile('packages/launch/src/index.ts')) as Linter.Config;
  const count = (code: string) =>
    new Linter()
      .verify(code, [{ plugins, rules: { 'styleforge/function-lines': ['error', 4] } }])
      .map(({ message }) => message.split(',')[0]);
  expect(count('function a() {\n  b();\n\n  // a note\n  c();\n}')).toEqual([]);
  expect(count('function a() {\n  b();\n  c();\n  d();\n}')).toEqual(['a has 5 lines of its own']);
  expect(count('const make = () => ({\n  one() {\n    a();\n    b();\n  },\n});')).toEqual([]);
});
