import {
  Environment,
  EvaluationError,
  ParseError,
  TypeError as TypeFault,
} from "@marcbachmann/cel-js";
import { didYouMean, errorMessage } from "@weir/runtime";
import type { AstNode } from "./ast.ts";
import { guard, Refusal } from "./guard.ts";
import { Work } from "./work.ts";

const EXPRESSION_LENGTH_MAX = 1_000;
/** Names that a message lists. */
const NAMES_MAX = 20;
/** The data as a whole, for names that an expression cannot write: `data["front-door"]`. */
const WHOLE = "data";

type Values = Readonly<Record<string, unknown>>;

/** What an expression gives, or why it gives nothing. */
type Evaluated = { value: unknown } | { problem: string };

/**
 * An expression in CEL over the data of a run. What it may do is bounded (`guard`), so that neither an expression nor
 * the data can keep a workflow busy. Numbers are those of JSON: `value / 2` and `value + 1` are what they look like.
 */
export class Expression {
  readonly text: string;
  /** `bool`, `double`, `string`, …; `dyn` where it depends on the data. */
  readonly type: string;
  readonly #evaluate: (data: Values) => unknown;
  readonly #names: readonly string[];
  readonly #isWhole: boolean;
  readonly #work = new Work();

  /** @throws Error saying what is wrong, where, and the remedy. */
  constructor(text: string) {
    if (text.length > EXPRESSION_LENGTH_MAX) {
      throw new Error(
        `an expression has at most ${EXPRESSION_LENGTH_MAX} characters; this one has ${text.length}`,
      );
    }
    try {
      const parsed = ENVIRONMENT.parse(text);
      // The guard knows more of a node than the library's types say.
      const ast = parsed.ast as unknown as AstNode;
      const names = guard(ast, (name) => ENVIRONMENT.hasVariable(name), this.#work);
      const { type, error } = parsed.check();
      if (error !== undefined) throw error;
      this.text = text;
      this.type = type ?? "dyn";
      this.#evaluate = parsed;
      this.#isWhole = names.has(WHOLE);
      this.#names = [...names].filter((name) => name !== WHOLE);
    } catch (error) {
      throw new Error(invalid(text, error), { cause: error });
    }
  }

  /** The names that the data must have. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Never throws. */
  evaluate(data: Values): Evaluated {
    for (const name of this.#names) {
      if (!Object.hasOwn(data, name) || data[name] === undefined) {
        return { problem: missing(name, "the data", data) };
      }
    }
    this.#work.begin();
    try {
      const value = plain(this.#evaluate(this.#isWhole ? { ...data, [WHOLE]: data } : data));
      if (typeof value !== "number" || Number.isFinite(value)) return { value };
      return { problem: `it gives ${value}` };
    } catch (error) {
      return { problem: failed(error, data) };
    }
  }

  /** What the data has for the names in the expression, as far as it is short: for the trace. */
  valuesIn(data: Values): Values {
    const entries = this.#names
      .map((name) => [name, data[name]] as const)
      .filter(([, value]) => typeof value !== "object" && String(value).length <= 100);
    return Object.fromEntries(entries);
  }
}

const ENVIRONMENT = environment();

function environment(): Environment {
  const made = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: 500,
      maxDepth: 30,
      maxListElements: 100,
      maxMapEntries: 20,
      maxCallArguments: 4,
    },
  });

  const arithmetic = {
    "+": (a: number, b: number) => a + b,
    "-": (a: number, b: number) => a - b,
    "*": (a: number, b: number) => a * b,
    "/": (a: number, b: number) => a / b,
    "%": (a: number, b: number) => a % b,
  };
  // Only what functions count (size, getHours) is an integer.
  for (const [operator, work] of Object.entries(arithmetic)) {
    for (const [left, right] of [
      ["int", "double"],
      ["double", "int"],
    ]) {
      const signature = `${left} ${operator} ${right}: double`;
      made.registerOperator(signature, (a, b) => work(Number(a), Number(b)));
    }
  }
  made.registerOperator("double % double: double", arithmetic["%"]);
  const isSame = (a: unknown, b: unknown) => Number(a) === Number(b);
  made.registerOperator("int == double: bool", isSame);
  const one = (name: string, work: (a: number) => number) =>
    made.registerFunction(`${name}(dyn): double`, (a) => work(numeric(name, a)));
  const two = (name: string, work: (a: number, b: number) => number) =>
    made.registerFunction(`${name}(dyn, dyn): double`, (a, b) =>
      work(numeric(name, a), numeric(name, b)),
    );
  one("abs", Math.abs);
  one("round", Math.round);
  two("min", Math.min);
  two("max", Math.max);
  two("round", (value, decimals) => Number(value.toFixed(Math.min(Math.max(decimals, 0), 15))));
  return made;
}

function numeric(name: string, value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new Error(`${name} is for numbers`);
}

/** As JSON has it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  const { constructor: kind } = value;
  // Types, bytes, durations and unsigned numbers are objects of the library.
  if (kind !== Object && kind !== undefined) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function invalid(text: string, error: unknown): string {
  const at =
    error instanceof Refusal
      ? error.at
      : error instanceof ParseError || error instanceof TypeFault
        ? error.range?.start
        : undefined;
  const place = at === undefined ? "" : ` at character ${at + 1}`;
  const words = wordsOf(error).replace("Unexpected token: EOF", "it ends too early");
  return `the expression ${JSON.stringify(text)} is not valid${place}: ${words}`;
}

function missing(name: string, where: string, of: unknown): string {
  return `there is no ${name} in ${where}${alternatives(name, of)}`;
}

function failed(error: unknown, data: Values): string {
  if (error instanceof EvaluationError) {
    // What the library could not find: it knows the node.
    const node = error.node as unknown as (AstNode & { input: string }) | undefined;
    if (error.code === "unknown_variable" && node?.op === "id") {
      return missing(node.args as string, "the data", data);
    }
    if (error.code === "no_such_key" && (node?.op === "." || node?.op === "[]")) {
      const [of, key] = node.args as [AstNode, string | AstNode];
      const name = typeof key === "string" ? key : node.input.slice(key.start, key.end);
      return missing(name, node.input.slice(of.start, of.end), valueAt(of, data));
    }
  }
  return wordsOf(error);
}

function wordsOf(error: unknown): string {
  const isOwn =
    error instanceof ParseError || error instanceof TypeFault || error instanceof EvaluationError;
  return (isOwn ? error.summary : errorMessage(error)).replace(
    "no such overload: ",
    "it cannot work out ",
  );
}

/** The value of a plain path. */
function valueAt(node: AstNode, data: Values): unknown {
  if (node.op === "id") return node.args === WHOLE ? data : data[node.args as string];
  if (node.op !== ".") return undefined;
  const [of, key] = node.args as [AstNode, string];
  const left = valueAt(of, data);
  return typeof left === "object" && left !== null ? (left as Values)[key] : undefined;
}

/** The end of a sentence about a name that is missing. */
function alternatives(name: string, of: unknown): string {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return "";
  const names = Object.keys(of);
  const hyphenated = names.find((one) => one.startsWith(`${name}-`));
  if (hyphenated !== undefined) {
    return `; a name with a hyphen is written ${WHOLE}[${JSON.stringify(hyphenated)}]`;
  }
  if (names.length === 0) return "; it is empty";
  const some = names.slice(0, NAMES_MAX).map((one) => one.slice(0, 100));
  const more = names.length > NAMES_MAX ? ", …" : "";
  return `; there are ${some.join(", ")}${more}${didYouMean(name, some)}`;
}
