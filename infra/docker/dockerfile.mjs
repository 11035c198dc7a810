// Reads Dockerfiles and .dockerignore files, as far as those of this repository go.
import { readFileSync } from 'node:fs';

/** Instructions in order: {line, keyword, flags, args, text}; args of the JSON form are its strings. */
export function readDockerfile(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const instructions = [];
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let text = lines[index].trim();
    if (text === '' || text.startsWith('#')) continue;
    while (text.endsWith('\\')) text = `${text.slice(0, -1).trimEnd()} ${lines[++index].trim()}`;
    instructions.push(parseInstruction(text, line));
  }
  return instructions;
}

function parseInstruction(text, line) {
  const [, keyword, rest] = /^(\w+)\s+(.*)$/s.exec(text) ?? [];
  const flags = {};
  let remaining = rest;
  for (let flag; (flag = /^--([\w-]+)=(\S+)\s+/.exec(remaining)); remaining = remaining.slice(flag[0].length)) flags[flag[1]] = flag[2];
  const isJson = remaining.startsWith('[');
  return {
    line,
    keyword: keyword.toUpperCase(),
    flags,
    text: remaining,
    isJson,
    args: isJson ? JSON.parse(remaining) : remaining.split(/\s+/),
  };
}

/** The stages by name or number, each with its instructions. */
export function stagesOf(instructions) {
  const stages = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      const [image, , name = String(stages.length)] = instruction.args;
      stages.push({ name, image, instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** Whether a path of the context is kept from the builder: the last pattern that matches it or a folder above it decides. */
export function readDockerignore(file) {
  const patterns = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => ({ isException: line.startsWith('!'), expression: toExpression(line.replace(/^!/, '')) }));
  return (path) => {
    const parts = path.split('/');
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    return patterns.reduce(
      (ignored, { isException, expression }) => (above.some((part) => expression.test(part)) ? !isException : ignored),
      false,
    );
  };
}

function toExpression(pattern) {
  const source = pattern
    .split('**/')
    .map((part) => part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*'))
    .join('(?:.*/)?');
  return new RegExp(`^${source}$`);
}
