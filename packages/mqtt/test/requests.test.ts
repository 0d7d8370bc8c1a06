import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { openedBy } from "../src/connection/connection.ts";
import { createRequests } from "../src/connection/requests.ts";

const GONE = new Error("gone");
const QOS_1 = { qos: 1 } as const;
const MANY = 100_000;

/** Answers a publication. */
type Answer = (reasonCode?: number) => void;

/** The requests of a connection to a broker that answers as the test wants. */
function start({
  publish = () => {},
  receiveMaximum = 65_535,
}: {
  publish?: (payload: string, answer: Answer) => void;
  receiveMaximum?: number;
} = {}) {
  const connack = {
    cmd: "connack",
    sessionPresent: false,
    properties: { receiveMaximum },
  } as const;
  const { promise: closed, resolve: end } = Promise.withResolvers<Error>();
  const { operations, answered } = createRequests(openedBy(connack, 5), closed, (bytes) => {
    // Behind a topic of one letter.
    const messageId = bytes.readUInt16BE(5);
    publish(bytes.toString("utf8", 8), (reasonCode = 0) =>
      answered({ cmd: "puback", messageId, reasonCode }),
    );
  });
  return { end, publishOne: (payload = "") => operations.publish("a", payload, QOS_1) };
}

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
};

describe("the requests of a connection", () => {
  test("end with their answer", async () => {
    const answers = [0, 0x10, 0x87];
    const { publishOne } = start({ publish: (_, answer) => answer(answers.shift()) });
    await publishOne();
    await publishOne();
    await expect(publishOne()).rejects.toThrow("Not authorized");
  });

  test("are rejected, all of them, when the connection ends", async () => {
    const { publishOne, end } = start();
    const waiting = [publishOne(), publishOne()];
    end(GONE);
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("are not begun once the connection has ended", async () => {
    const begun: string[] = [];
    const { publishOne, end } = start({ publish: (payload) => begun.push(payload) });
    end(GONE);
    await Promise.resolve();
    await expect(publishOne()).rejects.toThrow("no answer from the broker: gone");
    expect(begun).toEqual([]);
  });

  test("take no memory once they have ended, on a connection that lives for days", async () => {
    const { publishOne } = start({ publish: (_, answer) => answer() });
    const publishMany = async () => {
      for (let n = 0; n < MANY; n += 1) await publishOne();
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await publishMany();
    expect((await publishMany()) - before).toBeLessThan(20 * MANY);
  });

  test("wait for the window, however many are then answered at once", async () => {
    let answerFirst: Answer = () => {};
    let sent = 0;
    const { publishOne } = start({
      receiveMaximum: 1,
      publish: (payload, answer) => {
        sent += 1;
        if (payload === "first") answerFirst = answer;
        else answer();
      },
    });
    const first = publishOne("first");
    const others = Array.from({ length: MANY }, () => publishOne());
    expect(sent).toBe(1);
    answerFirst();
    await Promise.all([first, ...others]);
    expect(sent).toBe(MANY + 1);
  });
});
