const INDENT = "  ";

/**
 * A payload as people read it: JSON with a line for each value, other text as it is. Its characters are kept: to parse
 * JSON would change long numbers, and drop keys that are there twice.
 */
export function prettyPayload(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let result = "";
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g)) {
    if (token === "{" || token === "[") {
      depth += 1;
      result += `${token}\n${INDENT.repeat(depth)}`;
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const isEmpty = /[{[]\n\s*$/.test(result);
      result = isEmpty ? result.trimEnd() + token : `${result}\n${INDENT.repeat(depth)}${token}`;
    } else if (token === ",") result += `,\n${INDENT.repeat(depth)}`;
    else result += token === ":" ? ": " : token;
  }
  return result;
}
