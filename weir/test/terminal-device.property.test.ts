import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { print } from "@weir/runtime";
import { connectTestClient, eventually, HOSTILE_PIECES, STEERS_TERMINAL } from "@weir/testkit";
import fc from "fast-check";
import { describeAck, describeCommands } from "../src/command.ts";
import { renderCandidates, renderOne } from "../src/deadband-preview.ts";
import { startTally } from "../src/deadband-tally.ts";
import { startHere } from "./fixture.ts";

const hostile = fc.array(fc.constantFrom(...HOSTILE_PIECES)).map((pieces) => pieces.join(""));

/** What a terminal gets of a text for people. */
function printed(shown: string): string {
  let written = "";
  print(shown, { to: { isTTY: true, write: (piece) => (written += piece) } });
  return written;
}

describe("nothing from a device steers a terminal", () => {
  test("in what became of a command: results and errors are one line", () => {
    fc.assert(
      fc.property(hostile, hostile, (result, error) => {
        const ack = { id: "1", name: "x", at: 1 };
        for (const words of [{ result }, { error }, { result: { [result]: error } }]) {
          const line = printed(describeAck({ ...ack, status: "done", ...words } as never));
          expect(line).not.toMatch(STEERS_TERMINAL);
          expect(line).not.toContain("\n");
        }
      }),
    );
  });

  test("in what it says of its commands: names, summaries and payloads are a line each", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, summary, description) => {
        const commands = [
          { name, summary, payload: { description } },
          { name, payload: [summary] },
          name,
        ];
        const list = printed(describeCommands({ commands }) ?? "");
        expect(list).not.toMatch(STEERS_TERMINAL);
        expect(list.split("\n")).toHaveLength(7);
      }),
    );
  });

  test("in a preview of deadbands: devices and attributes", () => {
    const tally = startTally({ deadband: null, longestMs: null } as never).result();
    fc.assert(
      fc.property(hostile, hostile, (device, attribute) => {
        const series = [{ attribute, tallies: [tally] }];
        const previews = [{ device, series, messages: 1, reportedMessages: 1 }];
        expect(printed(renderOne(previews))).not.toMatch(STEERS_TERMINAL);
        expect(printed(renderCandidates(previews))).not.toMatch(STEERS_TERMINAL);
      }),
    );
  });

  test.each([
    [["kit\u009b2Jchen\u202e"]],
    [["kitchen", "a\u001b]0;b\u0007"]],
    [["kitchen", "--\u009b2J"]],
    [["kitchen", "--broker", "mqtt://\u202e"]],
  ])("in what is wrong with arguments: %j", async (argv) => {
    const { err } = await startHere(["command", ...argv], { isTTY: true }).ended;
    expect(err).toMatch(/^weir command: .+/);
    expect(err).not.toMatch(STEERS_TERMINAL);
  });

  test.each([[[]], [["--list"]], [["--json"]], [["act"]]])(
    "in what weir command kitchen %j prints",
    async (options) => {
      const all = HOSTILE_PIECES.filter((piece) => !/\p{Cs}/u.test(piece)).join("");
      await using broker = await startBroker();
      await using device = await connectTestClient(broker.port, "devices/kitchen/command");
      const { ended } = startHere(["command", "kitchen", ...options], {
        environment: { BROKER: `127.0.0.1:${broker.port}` },
      });
      await eventually(() => device.received.length > 0);
      const { id } = JSON.parse(String(device.received[0]?.payload)) as { id: string };
      const commands = [{ name: all, summary: all, payload: { description: all } }, all];
      const ack = { id, name: "act", status: "done", at: 1, result: { commands, more: all } };
      await device.publish("devices/kitchen/command/ack", JSON.stringify(ack), { qos: 1 });
      const { code, out, err } = await ended;
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain("kitchen/temp");
      // A pipe gets the data itself.
      if (options[0] === "--json") expect(JSON.parse(out).result.more).toBe(all);
      else expect(out).not.toMatch(STEERS_TERMINAL);
    },
  );
});
