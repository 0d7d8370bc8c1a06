// The rights are the text of Mosquitto's acl_file: blocks with a blank line between them, each with a title
// ("# device kitchen"), a user and topics.

const USER = /^user (\S+)$/m;
/** A topic without a word before it may be read and written. */
const WRITTEN = /^(?:topic|pattern)[ \t]+(?:(?:write|readwrite)[ \t]+|(?!(?:read|deny)[ \t]))(.+)$/;

export function blocksOf(rights: string): string[] {
  return rights
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== "");
}

export function rightsText(blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}

export function linesOf(block: string): string[] {
  return block.split("\n").map((line) => line.trimEnd());
}

export function userOf(block: string): string | null {
  return USER.exec(block)?.[1] ?? null;
}

/** The topics that a block's user may publish to, and so have the broker retain. */
export function writtenTopics(block: string): string[] {
  return linesOf(block).flatMap((line) => WRITTEN.exec(line)?.[1] ?? []);
}

/** What one user may have the broker retain. */
export interface Retainable {
  user: string;
  /** Topics, of which the broker retains one message each. */
  topics: readonly string[];
  /** Filters: the user chooses a level, so there is no bound. */
  unbounded: readonly string[];
}

export function retainableOf(rights: string): Retainable[] {
  return blocksOf(rights).flatMap((block) => {
    const user = userOf(block);
    if (user === null) return [];
    const written = [...new Set(writtenTopics(block))];
    const isFilter = (topic: string): boolean => /[+#]/.test(topic);
    return [
      {
        user,
        topics: written.filter((topic) => !isFilter(topic)),
        unbounded: written.filter(isFilter),
      },
    ];
  });
}
