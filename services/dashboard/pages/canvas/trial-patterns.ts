import type { FlowModel } from "@weir/flows/contract";

/** Names of series in the configuration of the nodes: `stream:topic#path`, where the stream may be left out. */
export function patternsOf({ nodes }: FlowModel): string[] {
  const given = nodes.map(({ config }) => config.series);
  return [...new Set(given.filter((one) => typeof one === "string" && one !== ""))] as string[];
}

/** The parts of a pattern. A topic may hold `#` itself. */
export function patternParts(pattern: string): {
  stream: string | null;
  topic: string;
  path: string;
} {
  const [, stream = null, rest = pattern] = /^([\w-]+):(.*)$/s.exec(pattern) ?? [];
  const at = rest.lastIndexOf("#");
  const topic = at < 0 ? rest : rest.slice(0, at);
  return { stream, topic, path: at < 0 ? "" : rest.slice(at + 1) };
}
