// The sentences that people read, and the words that they must not use: doc comments, texts of the service, test names, documents.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export type Kind = 'comment' | 'text' | 'test name' | 'document';
export interface Sentence {
  readonly file: string;
  readonly line: number;
  readonly kind: Kind;
  readonly text: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly kinds: readonly Kind[];
  readonly instead: string;
}

const EVERYWHERE: readonly Kind[] = ['comment', 'text', 'test name', 'document'];
const RULES: readonly Rule[] = [
  {
    pattern: /^(Of|That|Those|For|Left out|So that|As|In|From)\b/,
    kinds: ['comment'],
    instead: 'start with a noun phrase or a verb: "Seed of the first image"',
  },
  { pattern: /^(Of|Those|Left out|For itself)\b/, kinds: ['text'], instead: 'start with a noun phrase or a verb' },
  { pattern: /\bmend(s|ed|ing)?\b/i, kinds: EVERYWHERE, instead: 'repair' },
  { pattern: /\banew\b/i, kinds: EVERYWHERE, instead: 'again' },
  { pattern: /\bfor ever\b/i, kinds: EVERYWHERE, instead: 'permanently' },
  { pattern: /\blies? in (a|the) (file|folder|store|bucket|database|row)\b/i, kinds: EVERYWHERE, instead: 'is stored in' },
  {
    pattern: /\b(is|are|was|were) no (JSON|PNG|JPEG|WebP|ZIP|YAML|numbers?|safetensors|UUID|picture)\b/i,
    kinds: EVERYWHERE,
    instead: 'is not a, is not valid',
  },
  { pattern: /\bthere is no such thing\b/i, kinds: EVERYWHERE, instead: 'not found' },
  {
    pattern:
      /(?<!there )\b(is|are|was|were) no (?!(longer|more|such|other|one|issue|JSON|PNG|JPEG|WebP|ZIP|YAML|numbers?|safetensors|UUID|picture)\b)/i,
    kinds: ['text', 'document'],
    instead: 'is not a',
  },
  { pattern: /\banswer(s|ed|ing)?\b/i, kinds: ['text', 'document'], instead: 'response, respond' },
  { pattern: /\bcommas them\b|\bparted by\b/i, kinds: EVERYWHERE, instead: 'separated by commas' },
  { pattern: /\bwants\b/i, kinds: ['text', 'document'], instead: 'requires' },
  { pattern: /\bwhen left out\b|\bleft out: /i, kinds: ['text', 'document'], instead: '"Default: ..." or "Omit for ..."' },
  { pattern: /\bhear(s|d)? (of|from)\b|\b(last|was) heard\b/i, kinds: ['text', 'document'], instead: 'receives, last seen' },
  { pattern: /\blies? (below|there|beside|before)\b/i, kinds: ['text', 'document'], instead: 'is stored in, is' },
  { pattern: /\b(some|no) room\b|\broom left\b/i, kinds: ['text', 'document'], instead: 'disk space, memory' },
  { pattern: /\bof one's own\b/i, kinds: ['text', 'document'], instead: 'your own' },
  { pattern: /(?<![/'`\w.${-])pictures?\b(?![/'`\w(])/i, kinds: ['comment', 'text', 'document'], instead: 'image' },
];

/** Texts that are data: prompts and captions that a model was trained with, and names of files. */
const DATA = /shipped-prompts|packages\/samples\/|apps\/lab\/src\/(pretrain|mini-clip|bench|parity)|tools\/python-client|sealed-answer/;
/** Records of what was, which keep their words. */
const HISTORY = /^docs\/(experiments|decisions)\/|CHANGELOG|generated|^models\/|^test\/(golden|infra\/plain-words)|LICENSE/;

/** Each fault as `file:line: "word" in kind; write instead`. */
export function faultsOf(sentences: readonly Sentence[]): string[] {
  return sentences.flatMap(({ file, line, kind, text }) =>
    RULES.filter(({ kinds, pattern }) => kinds.includes(kind) && pattern.test(text)).map(
      ({ pattern, instead }) => `${file}:${line}: "${pattern.exec(text)?.[0]}" in a ${kind}; write: ${instead}`,
    ),
  );
}

export function sentencesOfRepository(root: string): Sentence[] {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  return files
    .filter((file) => !HISTORY.test(file))
    .flatMap((file) => {
      const content = readFileSync(join(root, file), 'utf8');
      return file.endsWith('.md') ? sentencesOfDocument(file, content) : sentencesOfSource(file, content);
    });
}

/** Lines of prose: blocks of code are left out. */
export function sentencesOfDocument(file: string, content: string): Sentence[] {
  let isCode = false;
  return content.split('\n').flatMap((text, at): Sentence[] => {
    if (/^\s*```/.test(text)) isCode = !isCode;
    return isCode ? [] : [{ file, line: at + 1, kind: 'document', text: text.replaceAll(/`[^`]*`|\]\([^)]*\)/g, '') }];
  });
}

export function sentencesOfSource(file: string, content: string): Sentence[] {
  const source = ts.createSourceFile(
    file,
    content,
    ts.ScriptTarget.Latest,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const comments = [...content.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(({ 1: body, index }): Sentence => {
    return { file, line: lineAt(index), kind: 'comment', text: (body ?? '').replaceAll(/^\s*\* ?/gm, '').trim() };
  });
  const texts: Sentence[] = [];
  const isTest = /(^|\/)test\//.test(file);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || ts.isJsxText(node)) {
      const text = node.getText(source).replaceAll(/^['"`]|['"`]$|\$\{[^}]*\}/g, '');
      const kind = isTest ? 'test name' : 'text';
      if (/\S \S/.test(text) && !DATA.test(file) && (!isTest || isTestName(node)))
        texts.push({ file, line: lineAt(node.getStart()), kind, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...comments, ...texts];
}

const isTestName = ({ parent }: ts.Node): boolean =>
  ts.isCallExpression(parent) && /^(it|describe|test)\b/.test(parent.expression.getText()) && parent.arguments[0]?.kind !== undefined;
