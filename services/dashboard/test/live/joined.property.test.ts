import { expect, test } from "@jest/globals";
import type { SegmentedStore } from "@weir/store";
import { eventually, START_US, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { LiveClient } from "./live-client.ts";
import { endOf, LiveSubject, numbers, openHome, POWER, power } from "./live-subject.ts";

const SECOND_US = 1_000_000;

type Step =
  | { kind: "store"; rows: number }
  | { kind: "rotate" }
  /** The page's connection is lost, and it comes back with the id of the last event that it got. */
  | { kind: "lose" }
  /** The page has got everything so far. */
  | { kind: "wait" }
  | { kind: "kill the server" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("store"), rows: fc.nat(700) }) },
  fc.record({ kind: fc.constant("rotate") }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("lose") }) },
  fc.record({ kind: fc.constant("wait") }),
  fc.record({ kind: fc.constant("kill the server") }),
);

/** A page, as a browser runs it. */
class Page {
  readonly #query: Record<string, string>;
  readonly #before: LiveClient[] = [];
  #client: LiveClient | null = null;

  constructor(query: Record<string, string>) {
    this.#query = query;
  }

  async connect({ address }: LiveSubject): Promise<void> {
    if (this.#client !== null) {
      await this.#client[Symbol.asyncDispose]();
      this.#before.push(this.#client);
    }
    // What had arrived when the connection was lost may still be read.
    const lastId = this.#client?.lastId ?? null;
    this.#client = await LiveClient.open(address, this.#query, lastId);
  }

  get clients(): LiveClient[] {
    return [...this.#before, ...(this.#client === null ? [] : [this.#client])];
  }

  values(): number[] {
    return this.clients.flatMap((client) => client.values());
  }

  async close(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
  }
}

async function run(steps: readonly Step[], seen: number): Promise<void> {
  using folder = temporaryFolder();
  using store = openHome(folder);
  let stored = 0;
  const append = (rows: number): void => {
    store.append(numbers(stored + 1, stored + rows).map((number) => power(number)));
    stored += rows;
  };
  append(seen);
  const page = new Page({ series: POWER, after: endOf(store) });
  append(3);
  let subject = await LiveSubject.start(folder);
  await page.connect(subject);
  for (const [index, one] of steps.entries()) {
    if (one.kind === "store") append(one.rows);
    else if (one.kind === "rotate") store.rotate(START_US + (index + 1) * SECOND_US);
    else if (one.kind === "wait") await eventually(() => page.values().at(-1) === stored);
    else {
      if (one.kind === "kill the server") {
        await subject.kill();
        subject = await LiveSubject.start(folder);
      }
      await page.connect(subject);
    }
  }
  append(1);
  await eventually(() => page.values().at(-1) === stored);
  expect(page.values()).toEqual(numbers(seen + 1, stored));
  expect(page.clients.flatMap((client) => client.of("reset"))).toEqual([]);
  await page.close();
  await subject[Symbol.asyncDispose]();
}

test("a page gets the point of each row once, whatever is rotated, lost or killed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), fc.nat(50), run),
    { numRuns: 15, endOnFailure: true },
  );
});

test("a page gets the point of each row once while it is written at full speed", async () => {
  using folder = temporaryFolder();
  using store: SegmentedStore = openHome(folder);
  await using subject = await LiveSubject.start(folder);
  const page = new Page({ series: POWER, after: endOf(store) });
  await page.connect(subject);
  let stored = 0;
  for (let batch = 1; batch <= 40; batch += 1) {
    store.append(numbers(stored + 1, stored + 500).map((number) => power(number)));
    stored += 500;
    if (batch % 13 === 0) store.rotate(START_US + batch * SECOND_US);
    if (batch % 4 === 0) await page.connect(subject);
    await new Promise(setImmediate);
  }
  await eventually(() => page.values().at(-1) === stored);
  expect(page.values()).toEqual(numbers(1, stored));
  await page.close();
});
