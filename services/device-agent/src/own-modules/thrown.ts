const LENGTH_MAX = 500;

/**
 * What code of the user's own has thrown, in words, and no more of it than a message tells. Never throws,
 * although what was thrown may be anything: also nothing that can be made a text.
 */
export function thrownText(thrown: unknown): string {
  try {
    const text = String(thrown instanceof Error ? thrown.message : thrown);
    return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
  } catch {
    return "it threw something that cannot be shown";
  }
}
