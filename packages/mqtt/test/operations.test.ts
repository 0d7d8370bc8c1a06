import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { type Opened, openedBy } from "../src/connection/connection.ts";
import { createOperations, type Sender } from "../src/connection/operations.ts";

const GONE = new Error("gone");
const QOS_1 = { qos: 1 } as const;
const MANY = 100_000;

type Settle = Parameters<Sender["publish"]>[1];

/** The operations of a connection to a broker that answers as the test wants. */
function start({
  publish = () => {},
  receiveMaximum = 65_535,
}: {
  publish?: (payload: string, settle: Settle) => void;
  receiveMaximum?: number;
} = {}) {
  const connack = {
    cmd: "connack",
    sessionPresent: false,
    properties: { receiveMaximum },
  } as const;
  const opened: Opened = openedBy(connack, 5);
  const { promise: closed, resolve: end } = Promise.withResolvers<Error>();
  const send: Sender = {
    publish: ({ payload }, settle) => publish(String(payload), settle),
    subscribe: () => {},
    unsubscribe: () => {},
  };
  const operations = createOperations({ send, opened, closed });
  return { end, publishOne: (payload = "") => operations.publish("a", payload, QOS_1) };
}

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
};

describe("the operations of a connection", () => {
  test("end with their answer", async () => {
    const answers = [undefined, null, new Error("refused")];
    const { publishOne } = start({ publish: (_, settle) => settle(answers.shift()) });
    await publishOne();
    await publishOne();
    await expect(publishOne()).rejects.toThrow("refused");
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
    const { publishOne } = start({ publish: (_, settle) => settle() });
    const publishMany = async () => {
      for (let n = 0; n < MANY; n += 1) await publishOne();
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await publishMany();
    expect((await publishMany()) - before).toBeLessThan(20 * MANY);
  });

  test("wait for the window, however many are then answered at once", async () => {
    let answerFirst: Settle = () => {};
    let sent = 0;
    const { publishOne } = start({
      receiveMaximum: 1,
      publish: (payload, settle) => {
        sent += 1;
        if (payload === "first") answerFirst = settle;
        else settle();
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
