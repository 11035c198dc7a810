// An ESLint rule: limits the lines of code of a function. Functions inside it count for themselves; blank lines and comments do not count.
const FUNCTIONS = 'FunctionDeclaration, FunctionExpression, ArrowFunctionExpression';

export const functionLines = {
  meta: {
    type: 'suggestion',
    schema: [{ type: 'integer', minimum: 1 }],
    messages: { tooLong: '{{name}} has {{lines}} lines of its own, and {{most}} are allowed: give a part that is one idea a name' },
  },
  create(context) {
    const [most] = context.options;
    const source = context.sourceCode;
    /** Functions around the present place; each with the ranges of those directly inside it. */
    const open = [];
    const ownLines = (node, inside) => {
      const isOwn = ({ range: [start] }) => !inside.some(([from, to]) => start >= from && start < to);
      const own = source.getTokens(node).filter(isOwn);
      return new Set(own.flatMap(({ loc: { start, end } }) => [start.line, end.line])).size;
    };
    return {
      [FUNCTIONS]() {
        open.push([]);
      },
      [`:matches(${FUNCTIONS}):exit`](node) {
        const lines = ownLines(node, open.pop());
        open.at(-1)?.push(node.range);
        const name = node.id?.name ?? node.parent.key?.name ?? node.parent.id?.name ?? 'this function';
        if (lines > most) context.report({ loc: node.loc.start, node, messageId: 'tooLong', data: { name, lines, most } });
      },
    };
  },
};
