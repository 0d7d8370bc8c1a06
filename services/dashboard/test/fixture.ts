import { Catalogue, SeriesReader } from "@weir/series";
import { createTestContext, START_US, type TestContext } from "@weir/testkit";
import { type Api, buildServer } from "../src/http/server.ts";

const reader = new SeriesReader({ series: "auto", skewUs: 60e6, timeZone: null, document: null });

/** Counts a message in a catalogue of series, as stats does, and saves it. @param second since `START_US`. */
export function catalogueMessage(
  indexFile: string,
  second: number,
  {
    stream = "home",
    topic,
    payload,
    receivedUs = START_US + second * 1e6,
  }: { stream?: string; topic: string; payload: object; receivedUs?: number },
): void {
  using catalogue = new Catalogue(indexFile);
  const row = { segment: "s1", id: second, receivedUs };
  const of = catalogue.stream(stream);
  const bytes = Buffer.from(JSON.stringify(payload));
  const source = { topic, payload: bytes, receivedUs, retained: false, observedUs: null };
  const reading = reader.read(source, of.memory.at(row));
  catalogue.describe(reading.metadata);
  of.note(reading, row);
  catalogue.save();
}

/** A server with some of the routes, and without a guard: whoever asks is an operator. */
export async function serverFor(
  addRoutes: (api: Api, context: TestContext) => void,
  context: TestContext = createTestContext(),
): Promise<Api> {
  const server = await buildServer(context.logger, "0.0.0");
  addRoutes(server, context);
  await server.ready();
  return server;
}
