/** A payload as people read it: JSON with its structure shown, other text as it is. */
export function prettyPayload(payload: string): string {
  try {
    const value: unknown = JSON.parse(payload);
    // A number is shown as it was sent: JavaScript may know fewer digits.
    return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : payload;
  } catch {
    return payload;
  }
}
