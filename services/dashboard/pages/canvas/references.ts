import type { FlowModel } from "@weir/flows/contract";

type FlowNode = FlowModel["nodes"][number];

/** Keys that hold an expression; all other texts may be templates. */
const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  expression: ["expression"],
  store: ["expression"],
  change: ["of"],
  rate: ["of"],
  switch: ["of"],
};
const IDENTIFIER = /^[A-Za-z_]\w*$/;

/**
 * A node whose configuration names another one, `{{alert.title}}` or `alert.title`, with the new name of that one.
 * A name alone, `{{value}}`, is one of the data and stays.
 */
export function withReferences(node: FlowNode, from: string, to: string): FlowNode {
  const { type, config } = node;
  const keys = type === "switch" && config.of === undefined ? ["cases"] : (EXPRESSIONS[type] ?? []);
  const change = (key: string, value: unknown): unknown => {
    if (type === "press" && key === "button" && config.flow === undefined) {
      return value === from ? to : value;
    }
    return keys.includes(key)
      ? changed(value, (text) => inExpression(text, from, to))
      : changed(value, (text) => inTemplate(text, from, to));
  };
  const entries = Object.entries(config).map(([key, value]) => [key, change(key, value)] as const);
  return { ...node, config: Object.fromEntries(entries) };
}

function inTemplate(text: string, from: string, to: string): string {
  return text.replace(new RegExp(`(\\{\\{[{&#^/]?\\s*)${from}(?=\\.)`, "g"), `$1${to}`);
}

function inExpression(text: string, from: string, to: string): string {
  const name = IDENTIFIER.test(to) ? to : `data["${to}"]`;
  const parts = [
    `(?<whole>(?<![\\w.])data\\s*\\[\\s*(?:"${from}"|'${from}')\\s*\\])`,
    `"(?:\\\\.|[^"\\\\])*"|'(?:\\\\.|[^'\\\\])*'`,
    `(?<name>(?<![\\w.])${from}(?=\\s*[.[]))`,
  ];
  return text.replace(new RegExp(parts.join("|"), "g"), (found, ...rest) => {
    // The groups come last.
    const { whole, name: plain } = rest.at(-1) as Record<string, string | undefined>;
    return whole === undefined && plain === undefined ? found : name;
  });
}

/** A value with its texts changed, at any depth. */
function changed(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one) => changed(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, changed(one, change)] as const),
  );
}
