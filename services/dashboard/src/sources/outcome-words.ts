import { OUTCOMES } from "@weir/protocol";

const byCode = new Map<number, { kind: string; reason: string }>(
  OUTCOMES.map(({ code, kind, reason }) => [code, { kind, reason }]),
);

/** What became of a message when it was decoded, by the code in its row. */
export function outcomeWords(code: number): { kind: string; reason: string } {
  return byCode.get(code) ?? { kind: "flagged", reason: `outcome ${code} of a newer version` };
}
