import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { hasMachine, type Machine, startMachine } from "./machine.ts";
import { firstMissing } from "./page.ts";
import { Reader, type ReaderOptions } from "./reader.ts";

const PAGE = `# A page

Write a file, \`config/my-notes.txt\`:

\`\`\`
a note for <name>
\`\`\`

Read it:

\`\`\`sh
docker compose exec notes cat notes   # in Compose
cat config/my-notes.txt
echo 'it took 12.5 s'
\`\`\`

\`\`\`
a note for …
it took 3 s
\`\`\`

## Watch

\`\`\`sh
while true; do date +%s.; sleep 0.01; done   # Ctrl-C ends it
\`\`\`

\`\`\`
1795838400.
\`\`\`
`;

const onMachine = hasMachine([]) ? describe : describe.skip;

onMachine("a reader", () => {
  let machine: Machine;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = temporaryFolder();
    machine = await startMachine();
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  function readerOf(page: string, options: ReaderOptions = {}): Reader {
    writeFileSync(folder.file("page.md"), page);
    return new Reader(folder.file("page.md"), machine, options);
  }

  test("writes the files, runs the commands and sees the output of a page", async () => {
    await using reader = readerOf(PAGE, { values: { "<name>": "me" } });
    expect(await reader.follow("A page")).toBe("a note for me\nit took 12.5 s\n");
    expect(readFileSync(join(machine.clone, "config/my-notes.txt"), "utf8")).toBe(
      "a note for me\n",
    );
    expect(() => reader.end()).toThrow('the section "Watch" was not followed');
    await reader.follow("Watch");
    reader.end();
  });

  test.each([
    ["a command that fails", "```sh\nfalse\n```", "ended with 1"],
    ["output that differs", "```sh\necho one\n```\n\n```\ntwo\n```", '"two" was not printed'],
    ["a word that stands for another", "```sh\necho <name>\n```", "what is <name>?"],
    ["a block that is nothing", "```yaml\na: 1\n```", "neither a command"],
    ["a section that is not there", "", "has no blocks"],
  ])("fails at %s", async (_, block, problem) => {
    await using reader = readerOf(`# Page\n\n${block}\n`);
    await expect(reader.follow("Page")).rejects.toThrow(problem);
  });

  test("has a line left out by name only", async () => {
    const leaveOut = { "ssh -N": "there is no other machine", "never there": "it is not there" };
    await using reader = readerOf("# Page\n\n```sh\nssh -N host\n```\n", { leaveOut });
    expect(await reader.follow("Page")).toBe("");
    expect(() => reader.end()).toThrow('no line has "never there"');
  });
});

describe("what a page shows", () => {
  test.each([
    ["other numbers", "3 rows, 21.5 °C", "12 rows, -4 °C"],
    ["any text", "started …", "started in the year of the cat"],
    ["spaces", "a   b", "a b"],
    ["lines between", "a\nb", "a\nx\nb"],
  ])("allows %s", (_, shown, printed) => {
    expect(firstMissing(shown, printed)).toBeNull();
  });

  test.each([
    ["other words", "3 rows", "3 lines"],
    ["another order", "a\nb", "b\na"],
    ["a part of a line", "rows", "3 rows"],
  ])("does not allow %s", (_, shown, printed) => {
    expect(firstMissing(shown, printed)).not.toBeNull();
  });
});
