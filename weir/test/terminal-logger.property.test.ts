import { describe, expect, test } from "@jest/globals";
import { readLoggerConfig } from "@weir/logger/config";
import { print } from "@weir/runtime";
import {
  HOSTILE_PIECES,
  NOTHING_CONFIGURED,
  openTestStore,
  rowOf,
  START_US,
  STEERS_TERMINAL,
  temporaryFolder,
} from "@weir/testkit";
import fc from "fast-check";
import { createAuditTable } from "../src/audit.ts";
import { describeConfig, renderDescription } from "../src/config.ts";
import { startHere } from "./fixture.ts";

const hostile = fc.array(fc.constantFrom(...HOSTILE_PIECES)).map((pieces) => pieces.join(""));

/** What a terminal gets of a text for people. */
function printed(text: string): string {
  let written = "";
  print(text, { to: { isTTY: true, write: (piece) => (written += piece) } });
  return written;
}

function auditOf(publisher: string, epoch: string, topic: string): string {
  const table = createAuditTable(1);
  table.add({
    ...{ stream: "data", publisher, epoch, topic, missing: [], doubt: null, lastReceivedUs: null },
    ...{ accepted: 1, received: 1, duplicates: 0, filtered: 0, abandoned: 0, waiting: 0 },
  });
  const doubts = (["unjudged", "unsupported"] as const).map((kind) => ({
    ...{ kind, publisher, reason: topic, topics: 1 },
  }));
  return table.render({ judged: 1, missing: 0, doubts, unsequenced: 0, ignored: 0, hints: [] });
}

describe("nothing from outside steers a terminal", () => {
  test("in an audit: publishers, epochs and topics are cells of one line", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (publisher, epoch, topic) => {
        const table = printed(auditOf(publisher, epoch, topic));
        expect(table).not.toMatch(STEERS_TERMINAL);
        expect(table.split("\n")).toHaveLength(printed(auditOf("a", "b", "c")).split("\n").length);
      }),
    );
  });

  test("in a configuration: names, filters, files, brokers", () => {
    const config = readLoggerConfig({ WEIR_FILE: NOTHING_CONFIGURED });
    const description = describeConfig(config.streams, config);
    fc.assert(
      fc.property(hostile, (text) => {
        const streams = description.streams.map((stream) => ({
          ...{ ...stream, name: text, broker: text, filters: [text], exclude: [text] },
          ...{ place: { kind: "file", file: text } as const, filterFile: text },
        }));
        const connections = description.connections.map((connection) => ({
          ...{ ...connection, name: text, clientId: text },
          ...{ broker: { name: text, url: text, username: text } },
          ...{ subscriptions: [{ filter: text, qos: 1 as const }] },
        }));
        const performance = { ...description.performance, topic: text };
        const shown = { ...description, file: text, streams, connections, performance };
        expect(printed(renderDescription(shown))).not.toMatch(STEERS_TERMINAL);
      }),
    );
  });

  test("in an export; a pipe gets what is stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 5 }), async (texts) => {
        using folder = temporaryFolder();
        const rows = texts.map((text, index) => ({
          ...rowOf(text, START_US + index),
          topic: text.replaceAll(/\0|\p{Cs}/gu, ""),
        }));
        openAndFill(folder.file("weir.db"), rows);
        for (const format of ["csv", "jsonl"]) {
          const onTerminal = await exported(folder.file("weir.db"), format, true);
          expect(onTerminal.replaceAll("\r\n", "\n")).not.toMatch(STEERS_TERMINAL);
        }
        const piped = await exported(folder.file("weir.db"), "jsonl", false);
        const lines = piped.trimEnd().split("\n");
        const stored = rows.map(({ topic, payload }) => ({ topic, payload: String(payload) }));
        expect(lines.map((line) => JSON.parse(line))).toMatchObject(stored);
      }),
      { numRuns: 25 },
    );
  });
});

describe("a wrong command line steers no terminal", () => {
  const COMMANDS = [
    ...["export", "replay", "audit", "verify-stats", "command", "agent", "fleet"],
    ...["deadband-preview", "print", "config", "secure", "faults"],
  ];
  test.each([[], ...COMMANDS.map((command) => [command])])("of weir %s", async (...command) => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const { code, err } = await startHere([...command, `--${text}x`], { isTTY: true }).ended;
        expect(code).toBe(78);
        expect(err).toMatch(/^weir[^:]*: unknown option .*\n(.*\n)?See weir.* --help\.\n$/);
        expect(err).not.toMatch(STEERS_TERMINAL);
      }),
      { numRuns: 20 },
    );
  });
});

function openAndFill(
  file: string,
  rows: Parameters<ReturnType<typeof openTestStore>["append"]>[0],
) {
  using store = openTestStore(file);
  store.append(rows);
}

async function exported(file: string, format: string, isTTY: boolean): Promise<string> {
  const { out, err } = await startHere(["export", "--stream", "data", "--format", format], {
    environment: { DB_FILE: file },
    isTTY,
  }).ended;
  expect(err.replaceAll("\r\u001b[K", "")).not.toMatch(STEERS_TERMINAL);
  return out;
}
