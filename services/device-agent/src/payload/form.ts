const CHARACTERS_MAX = 16_384;
const DEPTH_MAX = 16;
const VALUES_MAX = 4_096;

/** What no command takes, whatever its schema says; `null` for what its schema is to judge. */
export function formProblem(payload: unknown): string | null {
  const budget = { values: VALUES_MAX, characters: CHARACTERS_MAX };
  // One level after the other and not by calls, so that what is deep cannot exhaust the stack.
  let level: unknown[] = [payload];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX) return `payload: it has more than ${DEPTH_MAX} levels`;
    budget.values -= level.length;
    if (budget.values < 0) return `payload: it has more than ${VALUES_MAX} values`;
    const texts = level.flatMap(textsOf);
    for (const text of texts) budget.characters -= text.length;
    if (budget.characters < 0) return `payload: it has more than ${CHARACTERS_MAX} characters`;
    if (texts.some((text) => text.includes("\0"))) return "payload: it contains a NUL character";
    if (level.some(hasPrototypeKey)) return "payload: __proto__ is not allowed as a key";
    level = level.flatMap(valuesIn);
  }
  return null;
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return isObject(value) && !Array.isArray(value) ? Object.keys(value) : [];
}

function valuesIn(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}

function hasPrototypeKey(value: unknown): boolean {
  return isObject(value) && Object.hasOwn(value, "__proto__");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
