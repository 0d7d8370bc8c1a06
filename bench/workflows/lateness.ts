import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { percentile, type Results } from "../dashboard/figures.ts";
import { startRunning } from "./running.ts";

const DEVICES = 200;
const SILENT_MS = 10_000;
/** Their last messages are spread over this time. */
const SPREAD_MS = 5_000;

const FLOW = JSON.stringify({
  flows: {
    silent: {
      nodes: {
        silence: { type: "inactive", topic: "bench/+", for: `${SILENT_MS / 1_000}s` },
        tell: { type: "publish", topic: "told/silent", text: "{{silence.lastMs}}" },
      },
      wires: ["silence.inactive -> tell"],
    },
  },
});

/** How late it is said that devices are inactive. */
export async function measureLateness(): Promise<Results> {
  await using running = await startRunning();
  await running.startWeir(new Map([["silent.yaml", FLOW]]));
  const arrivals = await running.arrivals();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${running.brokerPort}`);
  for (let device = 0; device < DEVICES; device += 1) {
    await client.publishAsync(`bench/quiet-${device}`, '{"lamp":1}', { qos: 1 });
    await Promise.race([pause(SPREAD_MS / DEVICES), running.failed]);
  }
  await client.endAsync();
  await Promise.race([pause(SILENT_MS + SPREAD_MS), running.failed]);
  const lateMs = arrivals.map(({ saidMs, atMs }) => atMs - saidMs - SILENT_MS);
  return {
    title: `${DEVICES} devices, each silent for ${SILENT_MS / 1_000} s`,
    figures: [
      { text: "late, p50", value: percentile(lateMs, 0.5), unit: "ms" },
      { text: "late, most", value: percentile(lateMs, 1), unit: "ms", atMost: 1_000 },
      { text: "said, of those that had to be", value: lateMs.length / DEVICES, unit: "" },
    ],
  };
}
