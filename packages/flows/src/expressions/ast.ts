export type Evaluate = (evaluator: Evaluator, node: AstNode, scope: Scope) => unknown;

interface Evaluator {
  run(node: AstNode, scope: Scope): unknown;
}

interface Scope {
  getValue(name: string): unknown;
}

/** What is used of the nodes that cel-js parses to: its types leave most of it out. */
export interface AstNode {
  readonly op: string;
  args: unknown;
  readonly start: number;
  readonly end: number;
  readonly meta: { alternate?: AstNode; macro?: object; evaluate: Evaluate };
  setMeta(key: string, value: unknown): void;
}
