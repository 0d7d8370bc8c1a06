/** A value as JSON; `null` where it is nested too deeply to be written, as data of outside may be. */
export function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
