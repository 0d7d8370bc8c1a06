import type { LiveEvents } from "../../src/contract/live.ts";

/** One event as it came. */
export interface ReceivedEvent {
  event: string;
  id: string | null;
  data: unknown;
}

/** A page's EventSource: keeps all events, and the id with which it would come back. */
export class LiveClient implements AsyncDisposable {
  readonly events: ReceivedEvent[] = [];
  lastId: string | null;
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #controller: AbortController;

  private constructor(response: Response, controller: AbortController, lastId: string | null) {
    this.#controller = controller;
    this.lastId = lastId;
    this.ended = this.#read(response).catch(() => {});
  }

  /** @throws where the answer is no stream. @param lastId of an earlier client, which comes back. */
  static async open(
    address: string,
    query: Record<string, string | readonly string[]>,
    lastId: string | null = null,
  ): Promise<LiveClient> {
    const controller = new AbortController();
    const response = await fetch(`${address}/api/v1/live?${queryText(query)}`, {
      signal: controller.signal,
      headers: lastId === null ? {} : { "last-event-id": lastId },
    });
    if (response.status !== 200) throw new Error(await response.text());
    return new LiveClient(response, controller, lastId);
  }

  /** The data of all events of a name. */
  of<Name extends keyof LiveEvents>(name: Name): LiveEvents[Name][] {
    const found = this.events.filter(({ event }) => event === name);
    return found.map(({ data }) => data as LiveEvents[Name]);
  }

  /** The values of all points of the series with this index. */
  values(series = 0): number[] {
    return this.of("points").flatMap(({ points }) =>
      points.filter(([index]) => index === series).map(([, , value]) => value),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.ended;
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.#take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]),
    );
    const event = fields.get("event");
    if (event === undefined) return;
    const id = fields.get("id") ?? null;
    if (id !== null) this.lastId = id;
    this.events.push({ event, id, data: JSON.parse(fields.get("data") ?? "null") });
  }
}

function queryText(query: Record<string, string | readonly string[]>): URLSearchParams {
  const text = new URLSearchParams();
  for (const [name, given] of Object.entries(query)) {
    for (const one of [given].flat()) text.append(name, one);
  }
  return text;
}
