const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
const LENGTH_MAX = 64;

/** They lead out of a folder, or name what every object of JavaScript has: `..`, `__proto__`, `constructor`. */
const RESERVED: ReadonlySet<string> = new Set([
  ".",
  "..",
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** What a name is made of, in words for a user. */
export const NAME_RULE = "1 to 64 letters, digits, dots, underscores or hyphens";
/** Why a text that is made of the right characters is no name. */
export const NAME_RESERVED =
  "., .. and the properties of every JavaScript object, such as constructor, are no names; choose another";

const [NONE, ALLOWED, STARTS_RESERVED] = [0, 1, 2];
/** By character code: what a name may hold. Each message brings names; this is faster than a regular expression. */
const KINDS: Uint8Array = new Uint8Array(65_536).fill(NONE);
for (const character of CHARACTERS) KINDS[character.charCodeAt(0)] = ALLOWED;
for (const text of RESERVED) KINDS[text.charCodeAt(0)] = STARTS_RESERVED;

/** Whether a text may stand in a topic, a path, a key or a label that we make: a publisher, an epoch, a device. */
export function isName(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > LENGTH_MAX) return false;
  for (let index = 0; index < length; index += 1) {
    if (KINDS[text.charCodeAt(index)] === NONE) return false;
  }
  return KINDS[text.charCodeAt(0)] !== STARTS_RESERVED || !RESERVED.has(text);
}

/** What keeps a text from being a name, in words for a user; `null` when it is one. */
export function nameProblem(text: string): string | null {
  if (isName(text)) return null;
  return RESERVED.has(text) ? NAME_RESERVED : `a name is ${NAME_RULE}`;
}
