// A publisher with an outbox that keeps a journal of its own. The harness starts, kills and stops it.
import { systemClock } from "@weir/clock";
import { createLink, type Link } from "@weir/mqtt";
import { openOutbox } from "@weir/outbox";
import { createLogger } from "@weir/service";
import { openJournal, readJournal } from "./journal.ts";

const TICK_MS = 20;

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing; the harness sets it`);
  return value;
}

const publisher = required("FAULTS_PUBLISHER");
const perTick = (Number(required("FAULTS_RATE")) * TICK_MS) / 1_000;
const journalFile = required("FAULTS_JOURNAL");
const logger = createLogger("journalled-publisher", { logLevel: "info", logFormat: "json" });

function end(fault: unknown): never {
  logger.fatal({ err: fault }, "the outbox has failed");
  process.exit(1);
}

let { last } = readJournal(journalFile);
const journal = openJournal(journalFile);
const outbox = openOutbox({
  file: required("FAULTS_OUTBOX"),
  publisher,
  onFault: end,
  clock: systemClock,
});
const link: Link = createLink({
  broker: { url: `mqtt://${required("BROKER")}`, username: null, password: null },
  clientId: publisher,
  session: { kind: "clean" },
  subscriptions: [outbox.subscription],
  onMessage: outbox.receive,
  onConnected: () => outbox.connected(link),
  onDisconnected: outbox.disconnected,
  clock: systemClock,
  logger,
});

async function create(count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => last + 1 + index);
  last += count;
  journal.intend(numbers);
  const epochtime = String(Math.floor(Date.now() / 1_000));
  const acceptances = await Promise.allSettled(
    numbers.map((number) => outbox.accept("DATA", { number, epochtime })),
  );
  journal.accepted(
    numbers.filter((_, index) => {
      const settled = acceptances[index];
      return settled?.status === "fulfilled" && settled.value.kind === "accepted";
    }),
  );
  const failed = acceptances.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") logger.error({ err: failed.reason }, "not accepted");
}

let due = 0;
const creating = systemClock.repeat(TICK_MS, () => {
  due += perTick;
  const count = Math.floor(due);
  due -= count;
  create(count).catch(end);
});

process.on("message", (message) => {
  if (message === "create no more") creating[Symbol.dispose]();
});
process.on("disconnect", () => process.exit());
link.start();
