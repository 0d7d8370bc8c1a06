import type { RowPosition } from "@weir/store";
import type { LiveEvents } from "../contract/live.ts";
import { encodePositions } from "../contract/positions.ts";
import type { StreamSeries } from "./asked-series.ts";
import { type EventStream, RETRY_MS } from "./event-stream.ts";
import type { PointsFollower, PointsListener } from "./points-follower.ts";

/** Characters of points that one event takes, about. */
const POINTS_LENGTH_MAX = 64 * 1024;

/** One open page: collects its points, and sends them together. */
export class LivePage implements Disposable {
  readonly #stream: EventStream;
  readonly #joined: { name: string; follower: PointsFollower; listener: PointsListener }[] = [];
  readonly #closing = new DisposableStack();
  #points = "";

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  /** Gets the points of a stream's series from now on, those behind a position included. */
  join(
    follower: PointsFollower,
    { name, wanted, filters }: StreamSeries,
    after: RowPosition | null | "now",
  ): void {
    const listener: PointsListener = {
      wanted,
      filters,
      after,
      take: (index, text) => {
        this.#points += `${this.#points === "" ? "" : ","}[${index},${text}]`;
      },
      settle: () => {
        if (this.#points.length >= POINTS_LENGTH_MAX) this.flush();
      },
      keepUp: () => {
        this.flush();
        return this.#stream.keepUp();
      },
      reset: (reason) => this.#reset(reason),
    };
    follower.join(listener);
    this.#joined.push({ name, follower, listener });
  }

  hasJoined(follower: PointsFollower): boolean {
    return this.#joined.some((one) => one.follower === follower);
  }

  /** What is disposed of with the page. */
  own(subscription: Disposable): void {
    this.#closing.use(subscription);
  }

  /** Sends the points that were taken. */
  flush(): void {
    if (this.#points === "") return;
    const points = this.#points;
    this.#points = "";
    this.#send("points", `{"points":[${points}]}`, this.#position());
  }

  /** Sends an event. It names the position, so that a page that is silent goes on from there, too. */
  send(event: keyof LiveEvents, json: string): void {
    this.flush();
    this.#send(event, json, this.#position());
  }

  beat(): void {
    this.#stream.beat();
  }

  /** Says good-bye. It is disposed of when the connection is closed. */
  end(reason: string, retryMs = RETRY_MS): void {
    this.flush();
    this.#stream.end(reason, retryMs);
    this.#leave();
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#closing.dispose();
  }

  #leave(): void {
    for (const { follower, listener } of this.#joined) follower.leave(listener);
    this.#points = "";
  }

  #reset(reason: string): void {
    // What was taken before is part of what is asked for again.
    this.#points = "";
    const reset: LiveEvents["reset"] = { reason };
    this.#send("reset", JSON.stringify(reset), this.#position());
  }

  #send(event: keyof LiveEvents, json: string, id: string | null): void {
    if (this.#stream.send(event, json, id)) return;
    // Where it comes back, it gets what it has missed.
    this.#stream.end("the page reads more slowly than it is sent", RETRY_MS);
    this.#leave();
  }

  /** Up to which rows all points were sent; `null` where there are none, or that is not known yet. */
  #position(): string | null {
    if (this.#joined.length === 0) return null;
    const reached: [string, RowPosition][] = [];
    for (const { name, follower, listener } of this.#joined) {
      const position = follower.positionOf(listener);
      if (position === undefined) return null;
      if (position !== null) reached.push([name, position]);
    }
    return encodePositions(new Map(reached));
  }
}
