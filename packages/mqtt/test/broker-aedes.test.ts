import { startBroker } from "@weir/broker";
import { freePort } from "@weir/testkit";
import { type BrokerKind, describeBroker } from "./broker-suite.ts";
import { TRANSPORTS } from "./fixture.ts";

const AEDES: BrokerKind = {
  name: "aedes, in this process",
  protocolVersion: 4,
  isDurable: false,
  start: async () => {
    const port = await freePort();
    let broker = await startBroker({ port });
    return {
      port,
      restart: async () => {
        await broker[Symbol.asyncDispose]();
        broker = await startBroker({ port });
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
};

for (const transport of TRANSPORTS) describeBroker(AEDES, transport);
