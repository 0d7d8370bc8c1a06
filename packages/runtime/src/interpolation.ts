// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is about them.
const BRACED = /\{([_a-z][_a-z0-9]*)(?:(:?[-+?])([^\n]*))?\}/iy;

/**
 * Puts the values of variables into a text, where it has `$NAME`, `${NAME}`, or the latter with an operator.
 *
 * @param onUnset called for a variable without a value, and without another for that case.
 * @throws Error with what is wrong in the text.
 */
export function interpolate(
  text: string,
  lookup: (name: string) => string | undefined,
  onUnset: (name: string) => void,
): string {
  const pattern = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{)/gi;
  let result = "";
  let end = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [dollar, escaped, name] = match;
    result += text.slice(end, match.index);
    end = match.index + dollar.length;
    if (escaped !== undefined) result += escaped;
    else if (name !== undefined) result += valueFor(name);
    else {
      const braced = bracedAt(text, end - 1);
      result += substitute(braced);
      end += braced.length - 1;
    }
    pattern.lastIndex = end;
  }
  return result + text.slice(end);

  function valueFor(name: string): string {
    const value = lookup(name);
    if (value === undefined) onUnset(name);
    return value ?? "";
  }

  function substitute({ name, operator, word }: Braced): string {
    if (operator === "") return valueFor(name);
    const value = lookup(name) ?? "";
    const isSet = operator.startsWith(":") ? value !== "" : lookup(name) !== undefined;
    if (operator.endsWith("+")) return isSet ? interpolate(word, lookup, onUnset) : value;
    if (isSet) return value;
    const otherwise = interpolate(word, lookup, onUnset);
    if (operator.endsWith("-")) return otherwise;
    throw new Error(`it needs ${name}, which is not set${otherwise && ` (${otherwise})`}; set it`);
  }
}

/** `{NAME}`, or `{NAME:-word}` with one of the operators. */
interface Braced {
  name: string;
  operator: string;
  word: string;
  length: number;
}

function bracedAt(text: string, start: number): Braced {
  BRACED.lastIndex = start;
  const [whole, name, operator = "", words = ""] = BRACED.exec(text) ?? [];
  if (whole === undefined || name === undefined) {
    throw new Error(
      "after ${ there is no name with its }; write $$ for a dollar sign, or put it all into single quotes",
    );
  }
  // The last brace of the line may be that of another variable.
  const length = closingBrace(whole) + 1 || whole.length;
  const word = words.slice(0, words.length - (whole.length - length));
  return { name, operator, word, length };
}

/** Where the brace that begins a text is closed; -1 for never. The character after a brace belongs to it. */
function closingBrace(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/\{.?|\}/gs)) {
    depth += token === "}" ? -1 : 1;
    if (depth === 0) return index;
  }
  return -1;
}
