import type { Alert, OpenAlerts } from "@weir/flows/contract";
import type { Tone } from "../parts/tone.ts";

/** How many alerts are new. */
export function newCount(open: OpenAlerts | null): number {
  return open === null ? 0 : open.info + open.warning + open.critical;
}

export function newWords(count: number): string {
  return count === 1 ? "1 new alert" : `${count} new alerts`;
}

/** The shape of a severity; one that is over has none. */
export function alertTone({ severity, state }: Pick<Alert, "severity" | "state">): Tone {
  if (state === "cleared") return "quiet";
  return ({ info: "quiet", warning: "attention", critical: "problem" } as const)[severity];
}

const SEVERITIES = { critical: 0, warning: 1, info: 2 } as const;

/** Open ones in the order in which they want a look: new before acknowledged, the worst first, then the newest. */
export function inOrder(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted(
    (one, other) =>
      Number(one.state === "acknowledged") - Number(other.state === "acknowledged") ||
      SEVERITIES[one.severity] - SEVERITIES[other.severity] ||
      other.id - one.id,
  );
}

/** Those that have all words of a text in what they say, and a severity where one is asked for. */
export function matching(alerts: readonly Alert[], text: string, severity: string | null): Alert[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return alerts.filter((alert) => {
    const said = `${alert.title} ${alert.key} ${alert.flow} ${alert.node}`.toLowerCase();
    return (
      (severity === null || alert.severity === severity) && words.every((one) => said.includes(one))
    );
  });
}

/** Who has cleared an alert: a user, or a workflow by its name. */
export function clearedWords({ clearedBy, flow }: Pick<Alert, "clearedBy" | "flow">): string {
  return clearedBy === null || clearedBy === `workflow ${flow}` ? "by itself" : `by ${clearedBy}`;
}
