import { parseWait } from "./duration.ts";

const dayMs = 86_400_000;

/** Of the retry with this number, the first being 1, when nobody says otherwise (docs `qstash/features/retry`). */
export function backoffMs(retry: number): number {
  return Math.min(dayMs, Math.exp(2.5 * retry) * 1000);
}

/** In the order in which they are looked at. */
const waitHeaders = ["retry-after", "x-ratelimit-reset", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"];

/** What the destination asks for; undefined when it asks for nothing, for nothing readable, or for more than a day. */
export function requestedWaitMs(headers: Headers, nowMs: number): number | undefined {
  for (const name of waitHeaders) {
    const value = headers.get(name);
    const waitMs = value === null ? undefined : parseWait(value, nowMs);
    if (waitMs !== undefined) return waitMs <= dayMs ? waitMs : undefined;
  }
  return undefined;
}

const functions: Readonly<Record<string, readonly [arity: number | "many", apply: (...values: number[]) => number]>> = {
  pow: [2, Math.pow],
  exp: [1, Math.exp],
  sqrt: [1, Math.sqrt],
  abs: [1, Math.abs],
  floor: [1, Math.floor],
  ceil: [1, Math.ceil],
  round: [1, Math.round],
  min: ["many", Math.min],
  max: ["many", Math.max],
};

type Expression = (retried: number) => number;

/** Reads an expression like `min(60000, pow(2, retried) * 1000)`; undefined when it is none. */
export function parseRetryDelay(text: string): Expression | undefined {
  const tokens = text.match(/\d+(?:\.\d+)?|[A-Za-z_]\w*|\S/g) ?? [];
  let at = 0;
  const take = (expected: string): boolean => tokens[at] === expected && ++at > 0;

  function sum(): Expression {
    let left = product();
    for (;;) {
      const before = left;
      if (take("+")) left = combine(before, product(), (a, b) => a + b);
      else if (take("-")) left = combine(before, product(), (a, b) => a - b);
      else return left;
    }
  }
  function product(): Expression {
    let left = factor();
    for (;;) {
      const before = left;
      if (take("*")) left = combine(before, factor(), (a, b) => a * b);
      else if (take("/")) left = combine(before, factor(), (a, b) => a / b);
      else if (take("%")) left = combine(before, factor(), (a, b) => a % b);
      else return left;
    }
  }
  function factor(): Expression {
    if (take("-")) {
      const negated = factor();
      return (retried) => -negated(retried);
    }
    if (take("(")) {
      const inner = sum();
      must(")");
      return inner;
    }
    const token = tokens[at++] ?? "";
    if (/^\d/.test(token)) return () => Number(token);
    if (token === "retried") return (retried) => retried;
    const known = Object.hasOwn(functions, token) ? functions[token] : undefined;
    if (!known) throw new SyntaxError(token);
    must("(");
    const parts = [sum()];
    while (take(",")) parts.push(sum());
    must(")");
    const [arity, apply] = known;
    if (arity !== "many" && arity !== parts.length) throw new SyntaxError(token);
    return (retried) => apply(...parts.map((part) => part(retried)));
  }
  function must(expected: string): void {
    if (!take(expected)) throw new SyntaxError(expected);
  }

  try {
    const expression = sum();
    return at === tokens.length ? expression : undefined;
  } catch {
    return undefined;
  }
}

function combine(left: Expression, right: Expression, apply: (a: number, b: number) => number): Expression {
  return (retried) => apply(left(retried), right(retried));
}

/** How long to wait before the next delivery: as the destination asks, as the publisher said, or by the default. */
export function retryDelayMs(
  retried: number,
  expression: string | undefined,
  headers: Headers | undefined,
  nowMs: number,
): number {
  const requested = headers && requestedWaitMs(headers, nowMs);
  if (requested !== undefined) return Math.ceil(requested);
  const own = expression === undefined ? undefined : parseRetryDelay(expression)?.(retried);
  if (own !== undefined && Number.isFinite(own)) return Math.min(dayMs, Math.max(0, Math.round(own)));
  return Math.round(backoffMs(retried + 1));
}
