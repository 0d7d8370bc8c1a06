/** The largest result that an ack tells, in bytes of JSON. */
export const RESULT_BYTES_MAX = 16_384;

/**
 * What a command returned, as JSON can say it. What is too large or cannot be said is left out, and that
 * is told in its place: the command is done all the same.
 */
export function boundedResult(result: unknown): { result?: unknown } {
  try {
    const json = JSON.stringify(result);
    // A function, or nothing at all.
    if (json === undefined) return {};
    const bytes = Buffer.byteLength(json);
    return bytes > RESULT_BYTES_MAX
      ? omitted(`the result has ${bytes} bytes, more than ${RESULT_BYTES_MAX}`)
      : { result: JSON.parse(json) };
  } catch {
    // A cycle, a BigInt, or a `toJSON` of its own that fails.
    return omitted("the result cannot be written as JSON");
  }
}

function omitted(why: string): { result: { omitted: string } } {
  return { result: { omitted: why } };
}
