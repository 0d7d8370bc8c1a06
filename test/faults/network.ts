import { setTimeout as pause } from "node:timers/promises";
import { type FaultProxy, type NetworkCondition, startFaultProxy } from "@weir/testkit";
import { startChain } from "./chain.ts";
import { createBrokerProcess } from "./processes.ts";
import type { Random, Scenario } from "./scenario.ts";

/** Longer than the keepalive: both ends lose the connection, and reconnect under the same condition. */
const LONG_MS = 45_000;
const LONG_ONE_IN = 12;

/** The networks between the broker and its clients are disturbed, each by itself. */
export const proxy: Scenario = {
  name: "proxy",
  summary: "latency, throttle, one-byte slices, black hole, half-open and resets on both sides",
  cycles: 40,
  shortCycles: 6,
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    await using broker = await createBrokerProcess({ kind: run.brokerKind, folder });
    await broker.start();
    const target = { host: "127.0.0.1", port: broker.port };
    await using publisher = await startFaultProxy({ target });
    await using logger = await startFaultProxy({ target });
    const ports = { publisher: publisher.port, logger: logger.port, stats: broker.port };
    await using chain = await startChain(run, { broker, portFor: (part) => ports[part] });

    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const troubled = random.pick([[publisher], [logger], [publisher, logger]]);
      for (const proxy of troubled) disturb(proxy, random);
      const isLong = cycles >= LONG_ONE_IN && random.oneIn(LONG_ONE_IN);
      await pause(isLong ? LONG_MS : random.between(50, 2_500), undefined, { signal });
      for (const proxy of random.shuffle(troubled)) {
        if (random.oneIn(3)) proxy.reset();
        proxy.release();
        await pause(random.between(0, 200), undefined, { signal });
      }
      if (random.oneIn(2)) stalls += (await chain.flows()) ? 0 : 1;
    }
    const settled = await chain.settle();
    if (stalls > 0) settled.notes.push(`nothing flowed for 30 s after ${stalls} of the troubles`);
    return { cycles, ...settled };
  },
};

function disturb(proxy: FaultProxy, random: Random): void {
  const conditions: NetworkCondition[] = [
    { kind: "latency", delayMs: random.between(20, 500) },
    { kind: "throttle", bytesPerSecond: random.between(200, 20_000) },
    { kind: "slices" },
    { kind: "black hole" },
    { kind: "half-open", dead: "up" },
    { kind: "half-open", dead: "down" },
  ];
  proxy.impose(random.pick(conditions));
  // Then the condition applies to a new connection, not to an existing one.
  if (random.oneIn(3)) proxy.reset();
}
