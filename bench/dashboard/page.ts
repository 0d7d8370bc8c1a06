import { type ClientRequest, get } from "node:http";

/** A live stream, as an open page has it. */
export interface Page extends Disposable {
  /** The answer; `null` where the connection failed. */
  status: Promise<number | null>;
}

/** What came with an event: its name, how long it is, and how old its points are, in milliseconds. */
export interface Arrival {
  event: string;
  bytes: number;
  agesMs: readonly number[];
}

/** Opens a live stream. Without `onEvent` what comes is thrown away. */
export function openPage(
  address: string,
  { query, cookie }: { query: string; cookie: string },
  onEvent?: (arrival: Arrival) => void,
): Page {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  // Each page has a connection of its own, as each browser has.
  const request: ClientRequest = get(
    `${address}/api/v1/live?${query}`,
    { headers: { cookie }, agent: false },
    (response) => {
      resolve(response.statusCode ?? null);
      response.on("error", () => {});
      if (onEvent === undefined) {
        response.resume();
        return;
      }
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) onEvent(arrivalOf(block));
      });
    },
  );
  request.on("error", () => resolve(null));
  return { status: promise, [Symbol.dispose]: () => request.destroy() };
}

function arrivalOf(block: string): Arrival {
  const nowMs = Date.now();
  const event = /^event: (.*)$/m.exec(block)?.[1] ?? "";
  const data = /^data: (.*)$/m.exec(block)?.[1] ?? "{}";
  const points = event === "points" ? (JSON.parse(data).points as [number, number, number][]) : [];
  return { event, bytes: block.length, agesMs: points.map(([, timeMs]) => nowMs - timeMs) };
}
