import { startBroker } from "@weir/broker";
import { freePort } from "@weir/testkit";
import { type BrokerKind, describeBroker } from "./broker-suite.ts";
import { TRANSPORTS } from "./fixture.ts";

const LOCAL = { host: "127.0.0.1" };

const AEDES: BrokerKind = {
  name: "aedes, in this process",
  protocolVersion: 4,
  isDurable: false,
  start: async () => {
    const port = await freePort();
    let broker = await startBroker({ ...LOCAL, port });
    return {
      port,
      restart: async () => {
        await broker[Symbol.asyncDispose]();
        broker = await startBroker({ ...LOCAL, port });
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
};

for (const transport of TRANSPORTS) describeBroker(AEDES, transport);
