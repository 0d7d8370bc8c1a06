import type { AstNode, Evaluate } from "./ast.ts";
import { Pattern } from "./pattern.ts";
import type { Work } from "./work.ts";

/** How many times an expression may go through a list. */
const LOOPS_MAX = 5;
const FUNCTIONS = "abs bool double duration has int max min round size string timestamp type".split(
  " ",
);
const LOOPS = "all exists exists_one filter map".split(" ");
const METHODS = [
  ..."contains endsWith indexOf lastIndexOf lowerAscii matches size split".split(" "),
  ..."startsWith substring trim upperAscii getDate getDayOfMonth getDayOfWeek".split(" "),
  ..."getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds".split(" "),
];

/** What gives a value of the data as it is. */
const READS: ReadonlySet<string> = new Set(["id", ".", "[]"]);
/** What makes a value longer than those that it is made of. */
const MAKES_VALUES: ReadonlySet<string> = new Set(["+", "list", "map"]);

/** How a node is used by the one above. */
interface Use {
  /** `part`: only something in it is looked at. `list`: it is gone through. `argument`: of a function. */
  as: "value" | "part" | "list" | "argument";
  isInLoop: boolean;
  /** Names of the elements of the lists that are gone through. */
  elements: readonly string[];
}

/** Something that is not allowed, and where. */
export class Refusal extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/**
 * Bounds an expression before it is used for the first time: what it may call, how often it goes through lists, how long
 * the texts and lists are that it works on. Numbers in it become doubles, as those of JSON are, `has` looks at a path
 * of which any part may be missing, and a pattern is checked once.
 *
 * @param work begins before each evaluation.
 * @returns the names that the data must have.
 * @throws Refusal
 */
export function guard(
  root: AstNode,
  isConstant: (name: string) => boolean,
  work: Work,
): ReadonlySet<string> {
  const names = new Set<string>();
  const lookedFor = new Set<string>();
  let loops = 0;

  const visit = (node: AstNode, use: Use): void => {
    const inner = (given: Partial<Use> = {}): Use => ({ ...use, as: "value", ...given });
    switch (node.op) {
      case "value":
        if (use.as !== "argument") node.args = asDouble(node.args);
        break;
      case "id":
        visitName(node, use);
        break;
      case ".":
        visit((node.args as [AstNode, string])[0], inner({ as: "part" }));
        boundResult(node, use, work);
        break;
      case "[]": {
        const [of, index] = node.args as [AstNode, AstNode];
        visit(of, inner({ as: "part" }));
        visit(index, inner({ as: "argument" }));
        boundResult(node, use, work);
        break;
      }
      case "call":
      case "rcall":
        visitCall(node, use);
        break;
      case "comprehension":
        visitLoop(node, use);
        break;
      default:
        if (MAKES_VALUES.has(node.op)) boundResult(node, use, work);
        for (const child of childrenOf(node.args)) visit(child, inner());
    }
  };

  const visitName = (node: AstNode, use: Use): void => {
    const name = node.args as string;
    if (!isConstant(name)) {
      if (!use.elements.includes(name)) names.add(name);
      boundResult(node, use, work);
    } else if (use.as === "part" || use.as === "list") {
      throw new Refusal(`${name} is a word of CEL: write data["${name}"]`, node.start);
    }
  };

  const visitCall = (node: AstNode, use: Use): void => {
    const [name, ...of] = node.args as [string, ...unknown[]];
    const isMethod = node.op === "rcall";
    const known = isMethod ? [...METHODS, ...LOOPS] : FUNCTIONS;
    if (!known.includes(name)) {
      const kind = isMethod ? "method" : "function";
      throw new Refusal(`there is no ${kind} ${name}; there are ${known.join(", ")}`, node.start);
    }
    if (node.meta.alternate !== undefined) {
      visit(node.meta.alternate, use);
      return;
    }
    const children = childrenOf(of);
    if (name === "has") {
      lookedFor.add(lookForPath(node, children));
      return;
    }
    for (const [index, child] of children.entries()) {
      const as = isMethod && index === 0 ? "value" : "argument";
      visit(child, { ...use, as });
    }
    if (name === "matches") matchPattern(node, children, work);
    else boundResult(node, use, work);
  };

  const visitLoop = (node: AstNode, use: Use): void => {
    const { iterable, step, iterVarName } = node.args as {
      iterable: AstNode;
      step: AstNode;
      iterVarName: string;
    };
    loops += 1;
    if (use.isInLoop) throw new Refusal("a list is gone through inside another one", node.start);
    if (loops > LOOPS_MAX) {
      throw new Refusal(`lists are gone through more than ${LOOPS_MAX} times`, node.start);
    }
    visit(iterable, { ...use, as: "list" });
    visit(step, { as: "value", isInLoop: true, elements: [...use.elements, iterVarName] });
    boundResult(node, use, work);
  };

  visit(root, { as: "value", isInLoop: false, elements: [] });
  return names.difference(lookedFor);
}

function asDouble(literal: unknown): unknown {
  if (typeof literal === "bigint") return Number(literal);
  // An unsigned literal is an object of the library.
  const isUnsigned = typeof literal === "object" && typeof literal?.valueOf() === "bigint";
  return isUnsigned ? Number(literal.valueOf()) : literal;
}

function childrenOf(args: unknown): AstNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return typeof args === "object" && args !== null && "op" in args ? [args as AstNode] : [];
}

/** What a node gives is refused where it is too long, or too deeply nested, for what is done with it. */
function boundResult(node: AstNode, { as }: Use, work: Work): void {
  if (as === "part") return;
  const { evaluate } = node.meta;
  const isRead = READS.has(node.op);
  const bounded: Evaluate = (evaluator, of, scope) => {
    const value = evaluate(evaluator, of, scope);
    work.take(value, { isList: as === "list", isRead });
    return value;
  };
  node.setMeta("evaluate", bounded);
}

/** `has(a.b.c)` is false where any part is missing. @returns the name that the path begins with. */
function lookForPath(node: AstNode, [path, ...others]: readonly AstNode[]): string {
  const keys: string[] = [];
  let of = path;
  while (of?.op === ".") {
    const [left, key] = of.args as [AstNode, string];
    keys.unshift(key);
    of = left;
  }
  if (of?.op !== "id" || keys.length === 0 || others.length > 0) {
    throw new Refusal("has takes a path with a dot, as in has(payload.state)", node.start);
  }
  const name = of.args as string;
  const evaluate: Evaluate = (_evaluator, _macro, scope) => {
    let value = scope.getValue(name);
    for (const key of keys) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return true;
  };
  node.setMeta("macro", { ...node.meta.macro, evaluate });
  return name;
}

/** A pattern is part of the expression, so that it can be checked before any text comes. */
function matchPattern(node: AstNode, [of, pattern]: readonly AstNode[], work: Work): void {
  const source = pattern?.op === "value" ? pattern.args : null;
  if (of === undefined || typeof source !== "string") {
    throw new Refusal("matches takes a pattern in quotation marks", node.start);
  }
  let checked: Pattern;
  try {
    checked = new Pattern(source);
  } catch (error) {
    throw new Refusal((error as Error).message, pattern?.start ?? node.start);
  }
  const evaluate: Evaluate = (evaluator, _node, scope) => {
    const text = evaluator.run(of, scope);
    if (typeof text !== "string") throw new Error("matches is for texts");
    work.look(checked.looksMax(text));
    return checked.isIn(text);
  };
  node.setMeta("evaluate", evaluate);
}
