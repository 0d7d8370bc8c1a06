import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const mail = (config: string): string => `
flows:
  mails:
    nodes:
      any: { type: series, series: "+#x" }
      mail: { type: email, ${config} }
      sent: { type: debug }
      failed: { type: debug }
    wires: [any -> mail, mail.done -> sent, mail.error -> failed]
`;

describe("email", () => {
  test("fills in subject and text, and goes on when it was sent", () => {
    const bench = new Workbench(
      mail('to: [you@example.org], subject: "{{deviceName}} is at {{value}}", text: "Look"'),
    );
    bench.reading("freezer#x", -14, 0);
    const [effect] = bench.changes().effects;
    expect(effect?.effect).toEqual({
      kind: "email",
      to: ["you@example.org"],
      subject: "freezer is at -14",
      text: "Look",
      whenUncertain: "say",
    });
    expect(bench.path()).toEqual(["any:reading", "mail"]);
    bench.settle({ isDone: true, result: { messageId: "<1@x>" } }, 1);
    expect(bench.path()).toEqual(["any:reading", "mail", "mail:done", "sent:out"]);
  });

  test("goes on by error with the problem when it was not sent", () => {
    const bench = new Workbench(mail('to: [you@example.org], subject: "x"'));
    bench.reading("freezer#x", 1, 0);
    bench.settle({ isDone: false, problem: "no such mailbox", isUncertain: false }, 1);
    const shown = bench
      .changes()
      .runs.flatMap(({ steps }) => steps)
      .at(-1);
    expect(shown?.values).toMatchObject({
      data: { mail: { problem: "no such mailbox", isUncertain: false } },
    });
    expect(bench.path().at(-1)).toBe("failed:out");
  });

  test("line ends in a device's text do not end the subject", () => {
    const bench = new Workbench(mail('to: [you@example.org], subject: "at {{topic}}"'));
    bench.reading("a\r\nBcc: all@example.org\u2028b#x", 1, 0);
    const effect = bench.changes().effects[0]?.effect;
    expect(effect?.kind === "email" && effect.subject).toBe("at a Bcc: all@example.org b");
  });

  test("its trace names what the data does not have", () => {
    const bench = new Workbench(
      mail('to: [you@example.org], subject: "at {{vlaue}}", text: "{{untit}}"'),
    );
    bench.reading("freezer#x", 4, 0);
    const [, step] = bench.changes().runs.flatMap(({ steps }) => steps);
    expect(step?.values).toMatchObject({ unknown: ["vlaue", "untit"] });
  });

  test("without a text it has the data in lines, with times for people", () => {
    const bench = new Workbench(`
flows:
  freezer:
    nodes:
      warm: { type: threshold, series: "freezer#x", above: 3 }
      mail: { type: email, to: [you@example.org], subject: x }
    wires: [warm -> mail]
`);
    bench.reading("freezer#x", 4, 0);
    const effect = bench.changes().effects[0]?.effect;
    expect(effect?.kind === "email" && effect.text.split("\n")).toEqual([
      "series: home:freezer#x",
      "topic: freezer",
      "device: home:freezer",
      "deviceName: freezer",
      "value: 4",
      "time: 2026-11-28 12:00:00 UTC",
      "warm.since: 2026-11-28 12:00:00 UTC",
    ]);
  });

  test.each(["Me <you@example.org>", "a@b.org, c@d.org", "a@b.org\\nBcc: c@d.org", "you"])(
    "refuses the address %j",
    (address) => {
      const { problems } = parseWorkflowFile(mail(`to: ["${address}"], subject: x`), "test");
      expect(problems.join()).toMatch(/an address is written you@example.org/);
    },
  );

  test("refuses a template that is none", () => {
    const { problems } = parseWorkflowFile(mail('to: [a@b.org], subject: "{{#a}}"'), "test");
    expect(problems.join()).toMatch(/subject/);
  });
});
