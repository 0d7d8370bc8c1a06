import { describe, expect, test } from "@jest/globals";
import { outcomeOf } from "@weir/protocol";
import { START_US } from "@weir/testkit";
import { rejections } from "../../src/contract/system.ts";
import { rejectionRoutes } from "../../src/routes/rejections.ts";
import { PerformanceReport } from "../../src/sources/logger-performance.ts";
import { serverFor } from "../fixture.ts";
import { performanceOf } from "../performance.ts";
import { RecordedHome } from "../recorded-home.ts";

const fine = outcomeOf("retained").code;
const text = Buffer.from("<i>21 degrees</i>");

describe("rejections", () => {
  test("are the newest messages with a doubt, of all streams, with the reason", async () => {
    using home = new RecordedHome();
    await home.append(
      { second: 0, payload: text, outcome: outcomeOf("time in the future").code },
      { second: 1, payload: text, outcome: fine },
      { second: 2, payload: Buffer.from([0xff]), outcome: outcomeOf("not JSON").code },
      { second: 3, payload: text, outcome: 9_999 },
    );
    const performance = new PerformanceReport(home.clock, 10_000);
    const server = await serverFor((api) => rejectionRoutes(api, { ...home, performance }));
    const ask = async (query = "") =>
      rejections.parse((await server.inject(`/api/v1/rejections${query}`)).json());
    const found = await ask();
    expect(found).toMatchObject({ isComplete: true, dropped: null, unmatched: null });
    const at = (second: number) => START_US / 1_000 + second * 1_000;
    const of = { stream: "home", topic: "zigbee2mqtt/kitchen", bytes: text.length };
    expect(found.rows).toEqual([
      {
        ...of,
        atMs: at(3),
        kind: "flagged",
        reason: "outcome 9999 of a newer version",
        payload: text.toString(),
      },
      { ...of, atMs: at(2), kind: "rejected", reason: "not JSON", payload: null, bytes: 1 },
      {
        ...of,
        atMs: at(0),
        kind: "flagged",
        reason: "time in the future",
        payload: text.toString(),
      },
    ]);
    expect((await ask("?limit=1")).rows).toEqual(found.rows.slice(0, 1));

    performance.take({ payload: Buffer.from("no report") });
    performance.take({ payload: performanceOf(home.clock, { dropped: 2, unmatched: 3 }) });
    expect(await ask()).toMatchObject({ dropped: 2, unmatched: 3 });
    home.clock.advance(60_000);
    expect(await ask()).toMatchObject({ dropped: null, unmatched: null });
    await server.close();
  });
});
