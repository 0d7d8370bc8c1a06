import { describe, expect, test } from "@jest/globals";
import { type MessageOutcome, openOutbox } from "@weir/delivery";
import { createFakeClock, temporaryFolder } from "@weir/testkit";

const HOUR_MS = 3_600_000;
const YEARS_MS = 10 * 365 * 24 * HOUR_MS;

function open(file: string) {
  const clock = createFakeClock();
  const outcomes: MessageOutcome[] = [];
  const outbox = openOutbox({
    file,
    publisher: "kitchen",
    limits: { ageMaxMs: HOUR_MS },
    onOutcome: (outcome) => outcomes.push(outcome),
    onFault: (fault) => {
      throw fault;
    },
    clock,
  });
  return { clock, outbox, outcomes };
}

describe("a message that waits without a broker", () => {
  test("is given up when it has waited too long, and that is told", async () => {
    using folder = temporaryFolder();
    const { clock, outbox, outcomes } = open(folder.file("outbox.db"));
    await using _outbox = outbox;
    await outbox.accept("DATA", { number: 1 });
    clock.advance(HOUR_MS);
    expect(outcomes).toEqual([]);
    clock.advance(2_000);
    expect(outcomes).toMatchObject([{ kind: "abandoned", reason: "it waited too long", seq: 1 }]);
  });

  test.each([YEARS_MS, -YEARS_MS])(
    "does not age by a clock that is set (%d ms)",
    async (jumpMs) => {
      using folder = temporaryFolder();
      const { clock, outbox, outcomes } = open(folder.file("outbox.db"));
      await using _outbox = outbox;
      await outbox.accept("DATA", { number: 1 });
      clock.advance(HOUR_MS / 2);
      clock.jump(jumpMs);
      clock.advance(HOUR_MS / 2 - 2_000);
      expect(outcomes).toEqual([]);
      clock.advance(4_000);
      expect(outcomes).toHaveLength(1);
    },
  );

  test.each([YEARS_MS, -YEARS_MS])(
    "is sent when a connection comes right after the clock was set (%d ms)",
    async (jumpMs) => {
      using folder = temporaryFolder();
      const { clock, outbox, outcomes } = open(folder.file("outbox.db"));
      await using _outbox = outbox;
      await outbox.accept("DATA", { number: 1 });
      clock.jump(jumpMs);
      await outbox.accept("DATA", { number: 2 });
      const published: string[] = [];
      outbox.connected({ publish: async (topic) => void published.push(topic) });
      expect(published.filter((topic) => topic === "DATA")).toHaveLength(2);
      outbox.disconnected();
      clock.advance(2_000);
      expect(outcomes).toEqual([]);
    },
  );
});
