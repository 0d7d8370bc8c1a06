import { startBroker } from "@weir/broker";
import { describeSessions } from "./session-suite.ts";

for (const transport of ["direct", "mqttjs"] as const) {
  describeSessions(
    {
      name: "aedes",
      hasIdentifiers: false,
      start: () => startBroker({ host: "127.0.0.1", port: 0 }),
    },
    transport,
  );
}
