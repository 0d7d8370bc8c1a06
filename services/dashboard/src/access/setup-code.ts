import { randomInt } from "node:crypto";
import { isSame } from "./secrets.ts";

/** Without I, L and O, which are read as digits or as each other. */
const LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ";
const GROUPS = 4;
const GROUP_LETTERS = 4;

/** The code with which the first user is made. It is in memory only: each start has another one. */
export class SetupCode {
  /** `ABCD-EFGH-JKMN-PQRS` */
  readonly text: string;

  constructor() {
    const letter = (): string => LETTERS.charAt(randomInt(LETTERS.length));
    const group = (): string => Array.from({ length: GROUP_LETTERS }, letter).join("");
    this.text = Array.from({ length: GROUPS }, group).join("-");
  }

  /** Whether a text is the code, in upper or lower case, with or without hyphens. */
  fits(given: string): boolean {
    return isSame(plain(given), plain(this.text));
  }
}

function plain(code: string): string {
  return code.replace(/[\s-]/g, "").toUpperCase();
}
