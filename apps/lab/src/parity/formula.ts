// Evaluates the closed-form fake model that samplers.json states, such as "eps(x,t)=0.3*x+0.05*sin(3*x+t/100)".

const { fround } = Math;
const functions: Record<string, (x: number) => number> = {
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  exp: Math.exp,
  sqrt: Math.sqrt,
  abs: Math.abs,
};

type Evaluate = (x: number, t: number) => number;

/** Sums of products of factors; a factor is a number, x, t, a call or a bracket, with an optional sign. */
class FormulaParser {
  readonly #tokens: string[];
  #position = 0;

  constructor(formula: string) {
    this.#tokens = formula.match(/\d+\.?\d*(?:e[+-]?\d+)?|[a-z]+|\S/gi) ?? [];
  }

  parse(): Evaluate {
    const result = this.#sum();
    if (this.#position < this.#tokens.length) throw new Error(`unexpected '${this.#tokens[this.#position]}' in the fake model's formula`);
    return result;
  }

  #take(...wanted: string[]): string | undefined {
    const token = this.#tokens[this.#position];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#position++;
    return token;
  }

  #sum(): Evaluate {
    let left = this.#product();
    for (let sign = this.#take('+', '-'); sign !== undefined; sign = this.#take('+', '-')) {
      const [a, b, factor] = [left, this.#product(), sign === '+' ? 1 : -1];
      left = (x, t) => fround(a(x, t) + factor * b(x, t));
    }
    return left;
  }

  #product(): Evaluate {
    let left = this.#factor();
    for (let operator = this.#take('*', '/'); operator !== undefined; operator = this.#take('*', '/')) {
      const [a, b, divides] = [left, this.#factor(), operator === '/'];
      left = (x, t) => fround(divides ? a(x, t) / b(x, t) : a(x, t) * b(x, t));
    }
    return left;
  }

  #factor(): Evaluate {
    if (this.#take('-')) {
      const negated = this.#factor();
      return (x, t) => -negated(x, t);
    }
    if (this.#take('(')) return this.#closed(this.#sum());
    const token = this.#tokens[this.#position++];
    if (token === 'x') return (x) => x;
    if (token === 't') return (_, t) => t;
    if (token !== undefined && /^\d/.test(token)) {
      const value = fround(Number(token));
      return () => value;
    }
    const call = token === undefined ? undefined : functions[token];
    if (!call || !this.#take('(')) throw new Error(`the fake model's formula does not continue with '${token ?? 'nothing'}'`);
    const argument = this.#closed(this.#sum());
    return (x, t) => fround(call(argument(x, t)));
  }

  #closed(inner: Evaluate): Evaluate {
    if (!this.#take(')')) throw new Error("the fake model's formula lacks a ')'");
    return inner;
  }
}

/** Computes in float32 like the reference, with one rounding after each operation. */
export function parseFormula(text: string): (x: Float32Array, t: number) => Float32Array {
  const evaluate = new FormulaParser(text.slice(text.indexOf('=') + 1)).parse();
  return (x, t) => x.map((value) => evaluate(value, fround(t)));
}
