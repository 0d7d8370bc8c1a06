/** How often a workflow fires: by its alerts, where it raises some, else by the action that it does most often. */
export function timesFired(counts: Readonly<Record<string, number>>): number {
  return counts.alert ?? Math.max(0, ...Object.values(counts));
}
