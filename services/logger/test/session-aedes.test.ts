import { startBroker } from "@weir/broker";
import { describeSessions } from "./session-suite.ts";

for (const transport of ["direct", "mqttjs"] as const) {
  describeSessions(
    {
      name: "aedes",
      hasIdentifiers: false,
      start: () => startBroker(),
    },
    transport,
  );
}
