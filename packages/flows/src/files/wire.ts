/** One end of a wire; `port` is `null` where the wire names none. */
export interface WireEnd {
  node: string;
  port: string | null;
}

export interface Wire {
  from: WireEnd;
  to: WireEnd;
}

const WIRE = /^\s*([\w-]+)(?:\.([\w-]+))?\s*->\s*([\w-]+)(?:\.([\w-]+))?\s*$/;

/** Reads `node.output -> node.input`; output and input may be left out. @returns `null` where it is something else. */
export function parseWire(text: string): Wire | null {
  const parts = WIRE.exec(text);
  if (parts === null) return null;
  const [, from = "", output = null, to = "", input = null] = parts;
  return { from: { node: from, port: output }, to: { node: to, port: input } };
}

/** Writes a wire as a file has it. */
export function formatWire({ from, to }: Wire): string {
  return `${formatEnd(from)} -> ${formatEnd(to)}`;
}

function formatEnd({ node, port }: WireEnd): string {
  return port === null ? node : `${node}.${port}`;
}
