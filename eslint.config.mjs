// Correctness rules that need types, over one program for the whole repository; Biome formats.
import tseslint from 'typescript-eslint';
import { functionLines } from './infra/function-lines.mjs';

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'packages/config is the only reader of process.env',
};
const SILENT_SKIPS = [
  "CallExpression[callee.property.name='skipIf']:not([arguments.0.callee.name='warnNotTested'])",
  'MemberExpression[property.name=/^(runIf|skip|todo)$/]',
  'CallExpression > ObjectExpression > Property[key.name=/^(skip|todo)$/]',
].map((selector) => ({ selector, message: 'say what is not tested, and why: skipIf(warnNotTested(...)) of @styleforge/testing' }));

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      '.styleforge/**',
      'out/**',
      'models/**',
      'packages/runtime/assembly/**',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { project: 'infra/tsconfig.lint.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-constant-condition': 'error',
      'no-control-regex': 'error',
      'no-empty': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT],
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-useless-catch': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'preserve-caught-error': 'error',
    },
  },
  {
    // Files and functions that one can hold in the head.
    files: ['{apps,packages}/*/src/**/*.{ts,tsx}'],
    plugins: { styleforge: { rules: { 'function-lines': functionLines } } },
    rules: { 'max-lines': ['error', 300], 'styleforge/function-lines': ['error', 40] },
  },
  {
    // The web page, in the language of browsers.
    files: ['apps/dashboard/{src,tools}/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: 'apps/dashboard/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
  },
  {
    files: ['**/test/**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ENVIRONMENT, ...SILENT_SKIPS] },
  },
  {
    files: ['test/acceptance/**/*.ts', 'packages/config/src/**/*.ts', 'packages/*/src/tools/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Clients run on other machines than the service, each with one file that reads their environment.
    files: ['packages/sdk/src/environment.ts', 'apps/cli/src/environment.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Programs that people run in a terminal.
    files: ['apps/lab/src/**/*.ts', 'packages/*/src/tools/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/test/**/*.ts', 'packages/testing/src/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/only-throw-error': 'off' },
  },
);
