import { describe, expect, test } from "@jest/globals";
import { createFormat } from "../../pages/format.ts";
import { auditVerdict, publisherTone } from "../../pages/system/audit-words.ts";
import { diskWords } from "../../pages/system/stream-words.ts";
import type { Audit } from "../../src/contract/system.ts";

const format = createFormat("en-GB", "UTC");
type Publisher = Audit["publishers"][number];

const publisher = (given: Partial<Publisher> = {}): Publisher => ({
  publisher: "kitchen",
  accepted: 1_000,
  stored: 1_000,
  waiting: 0,
  abandoned: 0,
  filtered: 0,
  duplicates: 0,
  missing: 0,
  missingRanges: [],
  doubts: [],
  lastReceivedMs: null,
  ...given,
});
const audit = (missing: number, ...publishers: Publisher[]): Audit => ({
  atMs: 1,
  judged: 1,
  missing,
  unsequenced: 0,
  publishers,
  hints: [],
  problem: null,
});

describe("the audit in one sentence", () => {
  test("says that nothing is missing, of how many", () => {
    expect(auditVerdict(audit(0, publisher(), publisher()), format)).toEqual({
      tone: "ok",
      words: "Of 2,000 messages that publishers accepted, none is missing.",
    });
  });

  test("is a problem as soon as one is missing", () => {
    const { tone, words } = auditVerdict(audit(1, publisher({ missing: 1 })), format);
    expect(tone).toBe("problem");
    expect(words).toBe("1 message is missing, of 1,000 that publishers accepted.");
  });

  test("tells what waits and what was abandoned from what is missing", () => {
    const { tone, words } = auditVerdict(audit(0, publisher({ waiting: 5, abandoned: 2 })), format);
    expect(tone).toBe("attention");
    expect(words).toMatch(/none is missing; 5 wait in outboxes; 2 were abandoned/);
  });

  test("claims nothing before the first audit, or without publishers", () => {
    expect(auditVerdict({ ...audit(0), atMs: null }, format).tone).toBe("quiet");
    expect(auditVerdict(audit(0), format).tone).toBe("quiet");
  });

  test("a publisher with a doubt is not shown as fine", () => {
    expect(publisherTone(publisher())).toBe("ok");
    expect(publisherTone(publisher({ waiting: 5 }))).toBe("ok");
    expect(publisherTone(publisher({ doubts: ["its announcement is gone"] }))).toBe("attention");
    expect(publisherTone(publisher({ doubts: ["x"], missing: 1 }))).toBe("problem");
  });
});

describe("the disk in one sentence", () => {
  const nowMs = Date.UTC(2026, 10, 27);
  const day = 86_400_000;
  const disk = { freeBytes: 50e9, totalBytes: 100e9, fullMs: null };

  test("names the day when it is full", () => {
    expect(diskWords({ ...disk, fullMs: nowMs + 30 * day }, nowMs, format)).toEqual({
      tone: "ok",
      words: "50 GB of 100 GB free; full on 27 Dec 2026 at this rate",
    });
  });

  test("wants attention where that is within a week, or little is free", () => {
    expect(diskWords({ ...disk, fullMs: nowMs + 3 * day }, nowMs, format).tone).toBe("attention");
    expect(diskWords({ ...disk, freeBytes: 4e9 }, nowMs, format).tone).toBe("attention");
    expect(diskWords(disk, nowMs, format).tone).toBe("ok");
  });
});
