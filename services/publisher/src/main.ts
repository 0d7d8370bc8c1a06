import { runService } from "@weir/runtime";
import { publisherSettings, readPublisherConfig } from "./config.ts";
import { startPublisher } from "./publisher.ts";

await runService({
  name: "publisher",
  summary: "publishes simulated readings at random intervals.",
  settings: publisherSettings,
  readConfig: readPublisherConfig,
  start: startPublisher,
});
