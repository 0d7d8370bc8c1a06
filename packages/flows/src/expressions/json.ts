/** A value as JSON; `null` where it is nested too deeply to be written, as data of outside may be. */
export function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}

/** How deeply lists and objects may lie in one another: far less than what JSON.stringify can write, which depends on the stack. */
const DEPTH_MAX = 100;

/** Whether data of outside is nested too deeply to be worked with. JSON.parse reads what nothing else can walk through. */
export function isTooDeep(value: unknown, levels: number = DEPTH_MAX): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((one) => isTooDeep(one, levels - 1));
}
