const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
const LENGTH_MAX = 64;

/** By character code: 1 for what a name may hold. Each message brings names; this is faster than a regular expression. */
const ALLOWED: Uint8Array = new Uint8Array(128);
for (const character of CHARACTERS) ALLOWED[character.charCodeAt(0)] = 1;

/** Whether a text may stand in a topic, a path or a label that we make: a publisher, an epoch, a device. */
export function isName(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > LENGTH_MAX) return false;
  for (let index = 0; index < length; index += 1) {
    if (ALLOWED[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}
