/** The longest pattern. */
const PATTERN_LENGTH_MAX = 200;
/** Characters that a pattern looks at in the worst case. */
const LOOKS_MAX = 10_000_000;
/** The longest text that any pattern is looked for in. */
const TEXT_LENGTH_MAX = 10_000;
/** A pattern that can only take shorter texts than this is refused. */
const TEXT_LENGTH_MIN = 50;
const REPEATED_MAX = 100;

/** A regular expression whose worst case is known: it takes only texts that it is done with soon. */
export class Pattern {
  readonly #ways: number;
  readonly #repeats: number;
  /** The longest text that it takes. */
  readonly #textLengthMax: number;
  readonly #pattern: RegExp;

  /** @throws Error saying what is wrong with the pattern, and the remedy. */
  constructor(source: string) {
    if (source.length > PATTERN_LENGTH_MAX) {
      throw new Error(
        `a pattern has at most ${PATTERN_LENGTH_MAX} characters; this one has ${source.length}`,
      );
    }
    try {
      this.#pattern = new RegExp(source, "u");
    } catch {
      throw new Error(`${JSON.stringify(source)} is not a regular expression`);
    }
    const { ways, repeats } = worstCaseOf(source);
    this.#ways = ways;
    this.#repeats = repeats;
    this.#textLengthMax = Math.floor(
      Math.min(TEXT_LENGTH_MAX, (LOOKS_MAX / ways) ** (1 / Math.max(1, repeats))),
    );
    if (this.#textLengthMax < TEXT_LENGTH_MIN) {
      throw new Error(
        `the pattern ${JSON.stringify(source)} can take too long: use fewer of * + ? { and |`,
      );
    }
  }

  /** How many characters it looks at in the worst case. */
  looksMax(text: string): number {
    return this.#ways * text.length ** this.#repeats;
  }

  /** Whether a part of the text is as the pattern says. @throws Error for a text that is too long for it. */
  isIn(text: string): boolean {
    if (text.length > this.#textLengthMax) {
      throw new Error(
        `the text has ${text.length} characters; this pattern takes at most ${this.#textLengthMax}`,
      );
    }
    return this.#pattern.test(text);
  }
}

/** A group that is being read. */
interface Group {
  /** Something in it can match in several ways: then it must not be repeated. */
  isOpen: boolean;
}

/**
 * An engine that tries one way after the other looks at most `ways * length ^ repeats` times: each `*` may end at any
 * character, each `?` and `|` doubles what is tried. That holds as long as nothing of that kind is repeated itself.
 */
function worstCaseOf(source: string): { ways: number; repeats: number } {
  const refuse = (what: string): never => {
    throw new Error(`the pattern ${JSON.stringify(source)} has ${what}`);
  };
  let ways = 1;
  // A pattern that is not bound to the beginning is tried at each character.
  let repeats = source.startsWith("^") ? 0 : 1;
  const groups: Group[] = [{ isOpen: false }];
  let isGroupBefore = false;
  let closed: Group = { isOpen: false };
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at] as string;
    const inside = groups.at(-1) as Group;
    const wasGroup = isGroupBefore;
    isGroupBefore = false;
    if (letter === "\\") {
      at += 1;
      if (/[1-9k]/.test(source[at] ?? "")) refuse("a reference to a group: write it out");
      // The braces of \p{L} and \u{b0} repeat nothing.
      if (/^[pPu]\{/.test(source.slice(at))) at = source.indexOf("}", at);
    } else if (letter === "[") {
      for (at += 1; at < source.length && source[at] !== "]"; at += 1) {
        if (source[at] === "\\") at += 1;
      }
    } else if (letter === "(") {
      if (source[at + 1] === "?") {
        if (source[at + 2] !== ":")
          refuse("a group that begins with (?, of which only (?: is taken");
        at += 2;
      }
      groups.push({ isOpen: false });
    } else if (letter === ")") {
      closed = groups.pop() as Group;
      if (closed.isOpen) (groups.at(-1) as Group).isOpen = true;
      isGroupBefore = true;
    } else if (letter === "|") {
      ways *= 2;
      inside.isOpen = true;
    } else if ("*+?{".includes(letter)) {
      if (wasGroup && closed.isOpen) {
        refuse("a group that is repeated and has * + ? { or | in it: it can take too long");
      }
      const [, least, most] =
        letter === "{" ? (/^\{(\d+)(?:,(\d*))?\}/.exec(source.slice(at)) ?? []) : [];
      if (Math.max(Number(least ?? 0), Number(most ?? 0)) > REPEATED_MAX) {
        refuse(`a number of repetitions above ${REPEATED_MAX}`);
      }
      if (letter === "{") at = source.indexOf("}", at);
      const isFixed = letter === "{" && (most === undefined || most === least);
      if (!isFixed) {
        inside.isOpen = true;
        if (letter === "?") ways *= 2;
        else repeats += 1;
      }
      // What follows only says how much of it is tried first.
      if (source[at + 1] === "?") at += 1;
    }
  }
  return { ways, repeats };
}
