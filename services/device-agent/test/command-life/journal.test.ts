import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import type { Command } from "@weir/protocol";
import { faultOf, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { type Journal, openJournals } from "../../src/command-life/journal.ts";

const NOW_MS = 1_767_225_600_000;

function command(id: string | null, more: Partial<Command> = {}): Command {
  return { id, name: "echo", payload: null, issuedAtMs: NOW_MS, expiresAtMs: null, ...more };
}

/** Takes a command in and ends it. */
function live(journal: Journal, given: Command): void {
  const received = journal.receive(given, null, NOW_MS);
  if (received.kind === "known") throw new Error("it is there already");
  journal.advance(received.entry.key, { status: "done", atMs: NOW_MS });
}

describe("the journal", () => {
  test("gives back what it took in, in its order, after it was opened again", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    const response = { topic: "answers/me", correlation: Buffer.from([0, 255]) };
    const first = command("first", { payload: { pins: [1, 2] }, expiresAtMs: NOW_MS + 5 });
    {
      using journals = openJournals(file);
      const journal = journals.of("kitchen");
      journal.receive(first, response, NOW_MS);
      journal.receive(command("second"), null, NOW_MS);
      journal.advance("first", { status: "running", atMs: NOW_MS });
    }
    using journals = openJournals(file);
    expect(journals.of("kitchen").open()).toEqual([
      { key: "first", command: first, response, status: "running" },
      { key: "second", command: command("second"), response: null, status: "received" },
    ]);
  });

  test("has the status of the first command of an id", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"));
    const journal = journals.of("kitchen");
    expect(journal.statusOf("a")).toBeNull();
    live(journal, command("a"));
    expect(journal.statusOf("a")).toBe("done");
    expect(journal.receive(command("a"), null, NOW_MS)).toEqual({ kind: "known", status: "done" });
  });

  test("takes a command without an id each time, and does not keep it", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"), { endedMax: 1 });
    const journal = journals.of("kitchen");
    for (let time = 0; time < 3; time += 1) live(journal, command(null));
    expect(journal.open()).toEqual([]);
    expect(journal.horizonMs()).toBeNull();
  });

  test("keeps devices apart, also where their commands have the same id", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"));
    live(journals.of("kitchen"), command("a"));
    const cellar = journals.of("cellar");
    expect(cellar.statusOf("a")).toBeNull();
    expect(cellar.pendingAcks(0, 10)).toEqual([]);
    expect(cellar.receive(command("a"), null, NOW_MS).kind).toBe("received");
  });

  test("refuses to move a command that has ended", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"));
    const journal = journals.of("kitchen");
    live(journal, command("a"));
    expect(() => journal.advance("a", { status: "failed", atMs: NOW_MS })).toThrow("no open");
  });
});

describe("what a journal forgets", () => {
  test("is what was issued first, once there is too much, and never what is open", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"), { endedMax: 2 });
    const journal = journals.of("kitchen");
    journal.receive(command("open", { issuedAtMs: 1 }), null, NOW_MS);
    live(journal, command("b", { issuedAtMs: 20 }));
    live(journal, command("a", { issuedAtMs: 10 }));
    expect(journal.horizonMs()).toBeNull();
    live(journal, command("c", { issuedAtMs: 30 }));
    expect(["open", "a", "b", "c"].map(journal.statusOf)).toEqual([
      "received",
      null,
      "done",
      "done",
    ]);
    expect(journal.horizonMs()).toBe(11);
  });

  test("moves no horizon into the future, as long as there is something older to forget", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"), { endedMax: 2 });
    const journal = journals.of("kitchen");
    live(journal, command("far", { issuedAtMs: NOW_MS * 100 }));
    for (const [index, id] of ["a", "b", "c"].entries()) {
      live(journal, command(id, { issuedAtMs: NOW_MS + index }));
    }
    expect(journal.statusOf("far")).toBe("done");
    expect(journal.horizonMs()).toBe(NOW_MS + 2);
  });

  test("counts as from its reception where it does not say when it was issued", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    {
      using journals = openJournals(file, { endedMax: 1 });
      live(journals.of("kitchen"), command("a", { issuedAtMs: null }));
      live(journals.of("kitchen"), command("b", { issuedAtMs: NOW_MS + 9 }));
    }
    using journals = openJournals(file);
    expect(journals.of("kitchen").horizonMs()).toBe(NOW_MS + 1);
  });
});

describe("acks that the broker does not have", () => {
  test("wait in their order, with where they go, until it has them", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    const response = { topic: "answers/me", correlation: null };
    {
      using journals = openJournals(file);
      const journal = journals.of("kitchen");
      journal.receive(command("a"), response, 1);
      journal.advance("a", { status: "running", atMs: 2 });
      journal.advance("a", { status: "done", atMs: 3, result: { was: 5 } });
      const [oldest] = journal.pendingAcks(0, 1);
      journal.acknowledged(oldest?.number ?? 0);
    }
    using journals = openJournals(file);
    const journal = journals.of("kitchen");
    const pending = journal.pendingAcks(0, 10);
    expect(pending.map(({ ack }) => ack)).toEqual([
      { id: "a", name: "echo", status: "running", at: 2 },
      { id: "a", name: "echo", status: "done", at: 3, result: { was: 5 } },
    ]);
    expect(pending.map((ack) => ack.response)).toEqual([response, response]);
    expect(journal.pendingAcks(pending[0]?.number ?? 0, 10)).toEqual(pending.slice(1));
  });

  test("are so many at most; then only those of commands that were taken in are kept", () => {
    using folder = temporaryFolder();
    using journals = openJournals(folder.file("journal.db"), { acksMax: 3 });
    const journal = journals.of("kitchen");
    const ack = { id: null, name: null, status: "rejected", at: 1, error: "no" } as const;
    journal.receive(command("a"), null, 1);
    expect(journal.answer(ack, null)).toBe(true);
    expect(journal.isFull()).toBe(false);
    expect(journal.answer(ack, null)).toBe(true);
    expect(journal.isFull()).toBe(true);
    expect(journal.answer(ack, null)).toBe(false);
    journal.advance("a", { status: "running", atMs: 2 });
    journal.advance("a", { status: "failed", atMs: 3, error: "no" });
    expect(journal.pendingAcks(0, 10)).toHaveLength(5);
  });
});

describe("the file of a journal", () => {
  test("is open in one process at a time, and the second one gets a remedy", () => {
    using folder = temporaryFolder();
    using _first = openJournals(folder.file("journal.db"));
    const fault = faultOf(() => openJournals(folder.file("journal.db")));
    expect(fault.message).toContain("another process has the journal");
    expect(fault.remedy).toContain("DEVICE_FOLDER");
  });

  test("that is damaged is reported with a remedy and its cost", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    {
      using journals = openJournals(file);
      for (let n = 0; n < 200; n += 1) live(journals.of("kitchen"), command(`id-${n}`));
    }
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 4_096, 12_288));
    const fault = faultOf(() => openJournals(file));
    expect(fault.message).toContain(`the journal ${file} is damaged`);
    expect(fault.remedy).toMatch(/Move it away.*which ids were executed/);
  });

  test("that is no database at all is also that", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    writeFileSync(file, "this is a letter to my aunt, and longer than a header ".repeat(100));
    expect(faultOf(() => openJournals(file)).message).toContain("is damaged");
  });

  test("that belongs to another program is left alone", () => {
    using folder = temporaryFolder();
    const file = folder.file("journal.db");
    const other = new Sqlite(file);
    other.exec("CREATE TABLE recipes (name TEXT)");
    other.close();
    const before = readFileSync(file);
    expect(faultOf(() => openJournals(file)).message).toContain("no journal of commands");
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("says that it cannot be made", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a"), "");
    expect(faultOf(() => openJournals(folder.file("a/journal.db"))).remedy).toContain(
      "DEVICE_FOLDER",
    );
  });
});
