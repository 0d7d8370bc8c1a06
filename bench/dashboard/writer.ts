// Writes readings into the stream home as the logger does: a batch and a commit every few milliseconds.
import { openSegmentedStore } from "@weir/store";
import { rowOf } from "@weir/testkit";

/** Of sensors, unless another number is given. */
export const TOPICS = 500;
const BATCH_MS = 50;

/** The topic of a sensor. */
export const topicOf = (sensor: number): string => `home/sensor-${sensor}`;

function write(folder: string, perSecond: number, topics: number): void {
  const store = openSegmentedStore({
    folder,
    stream: "home",
    synchronous: "NORMAL",
    nowUs: Date.now() * 1_000,
  });
  const template = rowOf("{}");
  let written = 0;
  const startMs = Date.now();

  function batch(): void {
    const nowMs = Date.now();
    const due = Math.floor(((nowMs - startMs) / 1_000) * perSecond) - written;
    const rows = Array.from({ length: due }, (_, index) => {
      // As if they had come evenly since the last commit.
      const time = nowMs - BATCH_MS + ((index + 1) * BATCH_MS) / due;
      const sensor = (written + index) % topics;
      const reading = { time, temperature: sensor / 10, humidity: 40, battery: 91 };
      return {
        ...template,
        receivedUs: nowMs * 1_000,
        topic: topicOf(sensor),
        payload: Buffer.from(JSON.stringify(reading)),
        value: null,
        observedUs: null,
      };
    });
    if (due > 0) store.append(rows);
    written += due;
  }

  const timer = setInterval(batch, BATCH_MS);
  process.once("SIGTERM", () => {
    clearInterval(timer);
    store[Symbol.dispose]();
  });
}

if (import.meta.main) {
  const [folder = "", perSecond, topics = TOPICS] = process.argv.slice(2);
  write(folder, Number(perSecond), Number(topics));
}
