// The sentences that people read, and the words that they must not use: doc comments, texts of the service, test names, documents.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A note is a comment of one line, which may be half a sentence. */
export type Kind = 'comment' | 'note' | 'text' | 'test name' | 'document';
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

const EVERYWHERE: readonly Kind[] = ['comment', 'note', 'text', 'test name', 'document'];
const RULES: readonly Rule[] = [
  {
    pattern: /^(Of|That|Those|For|Left out|So that|As|In|From)\b/,
    kinds: ['comment'],
    instead: 'start with a noun phrase or a verb: "Seed of the first image"',
  },
  {
    pattern: /^(By|Without|Below|Until|Also|Beside|Over|Between|Under|Among|Into|Behind|Then|Such as|Hears?|With(?! \w =))\b/,
    kinds: ['comment'],
    instead: 'start with a noun phrase or a verb: "Names of the layers", "Called when ..."',
  },
  { pattern: /^(Of|Those|Left out \S|For itself)\b/, kinds: ['text'], instead: 'start with a noun phrase or a verb' },
  { pattern: /\bmend(s|ed|ing)?\b/i, kinds: EVERYWHERE, instead: 'repair' },
  { pattern: /\banew\b/i, kinds: EVERYWHERE, instead: 'again' },
  { pattern: /\bfor ever\b/i, kinds: EVERYWHERE, instead: 'permanently' },
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
  { pattern: /\banswer(s|ed|ing)?\b/i, kinds: EVERYWHERE, instead: 'response, respond' },
  { pattern: /\bcommas them\b|\bparted by\b/i, kinds: EVERYWHERE, instead: 'separated by commas' },
  { pattern: /\bwants\b/i, kinds: ['text', 'document', 'test name'], instead: 'requires' },
  { pattern: /\bwhen left out\b|\bleft out: /i, kinds: EVERYWHERE, instead: '"Default: ..." or "Omit for ..."' },
  { pattern: /\bhears?\b|\bheard (of|from)\b|\b(last|was) heard\b/i, kinds: EVERYWHERE, instead: 'receives, last seen' },
  { pattern: /\blies?\b(?! and )/i, kinds: EVERYWHERE, instead: 'is stored in, is' },
  { pattern: /\b(some|no) room\b|\broom left\b/i, kinds: ['text', 'document'], instead: 'disk space, memory' },
  { pattern: /\b(go|goes|went|going|gone) on\b(?! top)/i, kinds: EVERYWHERE, instead: 'continue' },
  { pattern: /\bwhoever\b/i, kinds: EVERYWHERE, instead: 'the caller, the user, the operator' },
  { pattern: /\bone a line\b|\bas it were\b/i, kinds: EVERYWHERE, instead: 'one per line; nothing' },
  { pattern: /\bso (many|long)\b(?! (as|that)\b)/i, kinds: EVERYWHERE, instead: 'the number of, the time' },
  { pattern: /\bleav(e|es|ing) ((it|them|this|\S+) )?out\b|\bleft out\b/i, kinds: EVERYWHERE, instead: 'omit, exclude, skip' },
  { pattern: /\bholds (no|neither|\$)/i, kinds: ['text', 'document', 'test name'], instead: 'contains no' },
  { pattern: /\bbeside\b/i, kinds: ['text', 'test name'], instead: 'next to, in addition to, besides' },
  { pattern: /\bstand(s|ing)? by\b|\b(get|gets|got|come|comes|came) round to\b/i, kinds: EVERYWHERE, instead: 'wait, poll; have time to' },
  { pattern: /\bplace in the line\b|\bforet(ell|ells|old)\b/i, kinds: EVERYWHERE, instead: 'queue position; predict' },
  { pattern: /\bcarries \d|\bmeets? an error\b|\bmet an error\b/i, kinds: EVERYWHERE, instead: 'reaches; failed' },
  {
    pattern: /\b(very same|choose of|in the hands of|last seen of)\b/i,
    kinds: ['text', 'document'],
    instead: 'same; choose from; held by; last seen',
  },
  { pattern: /\bof one's own\b/i, kinds: ['text', 'document'], instead: 'your own' },
  { pattern: /(?<![/'`\w.${-])pictures?\b(?![/'`\w(]| \$\{)/i, kinds: EVERYWHERE, instead: 'image' },
];

/** Texts that are data: prompts and captions that a model was trained with, and names of files. */
const DATA = /shipped-prompts|packages\/samples\/|apps\/lab\/src\/(pretrain|mini-clip|bench|parity)|tools\/python-client|sealed-answer/;
/** Statements of SQL, which people do not read. */
const STATEMENT = /^\s*(select|insert into|update|delete from|with \w+ as) /;
/** Records of what was, which keep their words. */
const HISTORY = /^docs\/(experiments|decisions)\/|CHANGELOG|generated|^models\/|^test\/(golden|infra\/plain-words)|LICENSE/;

/** Files whose comments begin with a number sign. */
const SCRIPTS = ['*.yaml', '*.yml', '*.sh', '*.tf', '*.service', 'infra/docker/Dockerfile*', '.ci/run'];

/** Each fault as `file:line: "word" in kind; write instead`. */
export function faultsOf(sentences: readonly Sentence[]): string[] {
  return sentences.flatMap(({ file, line, kind, text }) =>
    RULES.filter(({ kinds, pattern }) => kinds.includes(kind) && pattern.test(text)).map(
      ({ pattern, instead }) => `${file}:${line}: "${pattern.exec(text)?.[0]}" in a ${kind}; write: ${instead}`,
    ),
  );
}

export function sentencesOfRepository(root: string): Sentence[] {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.md', ...SCRIPTS], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  return files
    .filter((file) => !HISTORY.test(file))
    .flatMap((file) => {
      const content = readFileSync(join(root, file), 'utf8');
      if (file.endsWith('.md')) return sentencesOfDocument(file, content);
      return /\.(m?ts|tsx|mjs)$/.test(file) ? sentencesOfSource(file, content) : notesOf(file, content, '#');
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

/** Comments that fill a line. */
const notesOf = (file: string, content: string, mark: '//' | '#'): Sentence[] =>
  content.split('\n').flatMap((line, at): Sentence[] => {
    const text = line.trimStart();
    return text.startsWith(`${mark} `)
      ? [{ file, line: at + 1, kind: 'note', text: text.slice(mark.length + 1).replaceAll(/`[^`]*`/g, '') }]
      : [];
  });

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
    return {
      file,
      line: lineAt(index),
      kind: 'comment',
      text: (body ?? '')
        .replaceAll(/^\s*\* ?/gm, '')
        .trim()
        .replaceAll(/(?!^)`[^`]*`/g, ''),
    };
  });
  const texts: Sentence[] = [];
  const isTest = /(^|\/)test\//.test(file);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || ts.isJsxText(node)) {
      const text = node
        .getText(source)
        .replaceAll(/^['"`]|['"`]$/g, '')
        .replaceAll(/\$\{[^}]*\}/g, '${}');
      const kind = isTest ? 'test name' : 'text';
      if (/\S \S/.test(text) && !STATEMENT.test(text) && !DATA.test(file) && (!isTest || isTestName(node)))
        texts.push({ file, line: lineAt(node.getStart()), kind, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...comments, ...notesOf(file, content, '//'), ...texts];
}

const isTestName = ({ parent }: ts.Node): boolean =>
  ts.isCallExpression(parent) && /^(it|describe|test)\b/.test(parent.expression.getText()) && parent.arguments[0]?.kind !== undefined;
