import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { eventually } from "@weir/testkit";
import type { Machine, Running } from "./machine.ts";
import { type Block, firstMissing, readBlocks } from "./page.ts";

const START_TIMEOUT_MS = 120_000;
/** Two cores that other tests share. */
const OUTPUT_TIMEOUT_MS = 60_000;

export interface ReaderOptions {
  /** What stands for the words in `<…>`. `<pid>` is known: it is that of `npm start`. */
  values?: Readonly<Record<string, string>>;
  /** Lines that are not followed, by a part of them, with the reason. */
  leaveOut?: Readonly<Record<string, string>>;
  /** Waits, after a file was written, until programs that look at it by themselves have seen it. */
  seen?: (file: string) => Promise<void>;
}

/**
 * Does what a page says, word by word, beside `npm start`: lines that begin with `docker compose` belong to the other
 * suite, and are left out.
 */
export class Reader implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #page: string;
  readonly #blocks: readonly Block[];
  readonly #values: Record<string, string>;
  readonly #leaveOut: Readonly<Record<string, string>>;
  readonly #seen: (file: string) => Promise<void>;
  readonly #leftOut = new Set<string>();
  readonly #followed = new Set<string>();
  #suite: Running | null = null;
  #python = "";

  /** @param page a file of the folder docs, or the README. */
  constructor(page: string, machine: Machine, options: ReaderOptions = {}) {
    this.#page = page;
    this.#machine = machine;
    this.#blocks = readBlocks(resolve(import.meta.dirname, "../..", page));
    this.#values = { ...options.values };
    this.#leaveOut = options.leaveOut ?? {};
    this.#seen = options.seen ?? (async () => {});
  }

  /**
   * Follows every block of a section, in its turn.
   *
   * @returns what its commands have printed.
   * @throws for a command that fails, and for a block that shows what was not printed.
   */
  async follow(section: string): Promise<string> {
    const blocks = this.#blocks.filter((block) => block.section === section);
    if (blocks.length === 0) throw new Error(`${this.#page} has no blocks below "${section}"`);
    this.#followed.add(section);
    let printed = "";
    for (const [at, block] of blocks.entries()) {
      const next = blocks[at + 1];
      const shown = next?.kind === "output" ? next.text : "";
      try {
        printed += await this.#do(block, shown);
      } catch (cause) {
        throw new Error(`${this.#page}:${block.line}: ${String(cause)}`, { cause });
      }
    }
    return printed;
  }

  /** Starts the suite as `npm start` does, or again; resolves when all of it is ready. */
  async startSuite(command = "npm start"): Promise<void> {
    await this.#suite?.interrupt();
    const suite = await this.#machine.start(command);
    this.#suite = suite;
    const ended = suite.ended.then((code) => {
      throw new Error(`npm start ended with ${code}:\n${suite.output()}`);
    });
    const pid = eventually(
      () => /kill -HUP (\d+) has it/.exec(suite.output())?.[1],
      START_TIMEOUT_MS,
    );
    this.#values["<pid>"] = await Promise.race([pid, ended]);
  }

  /** A log that `npm start` writes. */
  log(service: string): string {
    const file = join(this.#machine.clone, `data/logs/${service}.log`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** @throws where a section, or a line to be left out, was not there or was not followed. */
  end(): void {
    const left = this.#blocks.filter(({ section }) => !this.#followed.has(section));
    const unused = Object.keys(this.#leaveOut).filter((part) => !this.#leftOut.has(part));
    const problems = [
      ...new Set(left.map(({ section }) => `the section "${section}" was not followed`)),
      ...unused.map((part) => `no line has "${part}"`),
    ];
    if (problems.length > 0) throw new Error(`${this.#page}: ${problems.join("; ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#suite?.interrupt();
  }

  async #do(block: Block, shown: string): Promise<string> {
    switch (block.kind) {
      case "file":
        return await this.#write(block);
      case "commands":
        return await this.#type(this.#lines(block.text), shown);
      case "python":
        // Blocks of Python are one program: each goes on with the names of those before.
        this.#python += `${block.text}\n`;
        return await this.#see(`python3 - <<'END_OF_PYTHON'\n${this.#python}END_OF_PYTHON`, shown);
      case "output":
        return "";
      case "unknown":
        throw new Error(
          "this block is neither a command, nor a file that the sentence before it names, nor what a command prints",
        );
    }
  }

  /** `.env` is completed, other files are replaced. */
  async #write({ file, text }: Block): Promise<string> {
    if (file === null) throw new Error("the sentence before does not name a file");
    const isSettings = file === ".env";
    await this.#machine.write(file, this.#fill(text), { append: isSettings });
    await this.#seen(file);
    return "";
  }

  async #type(lines: readonly string[], shown: string): Promise<string> {
    const at = lines.findIndex((line) => line.startsWith("npm start"));
    const script = lines.join("\n");
    if (at === -1) return script.trim() === "" ? "" : await this.#see(script, shown);
    const before = await this.#type(lines.slice(0, at), "");
    await this.startSuite(lines[at]);
    return before + (await this.#type(lines.slice(at + 1), shown));
  }

  /** Runs a script, and ends it as soon as it has printed what the page shows, where the page says Ctrl-C. */
  async #see(script: string, shown: string): Promise<string> {
    const printed = script.includes("Ctrl-C")
      ? await this.#watch(script, shown)
      : await this.#machine.run(script);
    const missing = firstMissing(shown, printed);
    if (missing === null) return printed;
    throw new Error(`"${missing}" was not printed by\n${script}\nbut\n${printed}`);
  }

  async #watch(script: string, shown: string): Promise<string> {
    const running = await this.#machine.start(script);
    await eventually(
      () => running.output() !== "" && firstMissing(shown, running.output()) === null,
      OUTPUT_TIMEOUT_MS,
    ).catch(() => {});
    await running.interrupt();
    return running.output();
  }

  /** The lines that this reader types; a line ends with all that belongs to it. */
  #lines(text: string): string[] {
    const lines = text.replaceAll("\\\n", "\\\u0000").split("\n");
    const typed = lines.filter((line) => {
      const part = Object.keys(this.#leaveOut).find((one) => line.includes(one));
      if (part !== undefined) this.#leftOut.add(part);
      return part === undefined && !line.startsWith("docker compose");
    });
    return typed.map((line) => this.#fill(line.replaceAll("\u0000", "\n")));
  }

  #fill(text: string): string {
    return text.replaceAll(/<[a-z][\w -]*>/g, (word) => {
      const value = this.#values[word];
      if (value === undefined) throw new Error(`what is ${word}?`);
      return value;
    });
  }
}
