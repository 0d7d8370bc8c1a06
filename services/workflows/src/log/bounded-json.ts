/**
 * A value as JSON of at most so many characters: of a record that is longer, the longest entries are replaced by a
 * note.
 */
export function boundedJson(value: unknown, lengthMax: number): string {
  const json = JSON.stringify(value) ?? "null";
  if (json.length <= lengthMax) return json;
  const note = (length: number) => JSON.stringify(`… ${length} characters left out`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return note(json.length);
  }
  const entries = Object.entries(value).map(([key, one]) => ({
    key: JSON.stringify(key),
    json: JSON.stringify(one) ?? "null",
  }));
  let length = json.length;
  for (const entry of entries.toSorted((a, b) => b.json.length - a.json.length)) {
    if (length <= lengthMax) break;
    const shorter = note(entry.json.length);
    length -= entry.json.length - shorter.length;
    entry.json = shorter;
  }
  if (length > lengthMax) return note(json.length);
  return `{${entries.map((entry) => `${entry.key}:${entry.json}`).join(",")}}`;
}
