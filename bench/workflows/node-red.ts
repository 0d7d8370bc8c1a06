import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { percentile, type Results } from "../dashboard/figures.ts";
import { memoryOf } from "../dashboard/running.ts";
import { installNodeRed, NODE_RED_VERSION, startNodeRed } from "../node-red-program.ts";
import { nodeRedFlowForAll, nodeRedFlows, weirFileForAll, weirFiles } from "./flows.ts";
import { type LoadOptions, measureUnder } from "./load.ts";
import { startRunning } from "./running.ts";

/** Until its flows run: it has no address that says so without its editor. */
const STARTED_MS = 20_000;

/** A workflow for two devices each, in Weir and in Node-RED. */
export async function measureNodeRed(options: LoadOptions): Promise<Results> {
  const { workflows: count } = options;
  const ofPort = (port: number): object[] => nodeRedFlows(count, port);
  return await compare(`${count} flows`, options, { files: weirFiles(count), flows: ofPort });
}

/** One workflow for all devices, which does at most 600 actions a minute: fewer readings pass the limit. */
export async function measureOneFlow(options: LoadOptions): Promise<Results> {
  const rare = { ...options, passesEvery: 10 * options.passesEvery };
  const logic = { files: weirFileForAll(), flows: nodeRedFlowForAll };
  return await compare(`one flow for ${2 * options.workflows} devices`, rare, logic);
}

interface Logic {
  files: ReadonlyMap<string, string>;
  /** @param port of the broker. */
  flows: (port: number) => object[];
}

/** The same logic in Weir and in Node-RED, one after the other, at the same rate. */
async function compare(what: string, options: LoadOptions, logic: Logic): Promise<Results> {
  const obstacle = installNodeRed();
  if (obstacle !== null) throw new Error(obstacle);
  const { perSecond } = options;
  const weir = await ofWeir(options, logic);
  const nodeRed = await ofNodeRed(options, logic);
  const usOf = (cores: number): number => (cores * 1e6) / perSecond;
  return {
    title: `${what} at ${perSecond} messages/s, beside Node-RED ${NODE_RED_VERSION}`,
    figures: [
      { text: "Node-RED, processor time a message", value: usOf(nodeRed.cores), unit: "us" },
      { text: "workflows", value: usOf(weir.cores), unit: "us" },
      {
        text: "workflows over Node-RED",
        value: weir.cores / nodeRed.cores,
        unit: "x",
        atMost: 0.2,
      },
      {
        text: "workflows and logger over Node-RED",
        value: weir.withLogger / nodeRed.cores,
        unit: "x",
      },
      { text: "Node-RED, memory, PSS", value: nodeRed.pss, unit: "MB" },
      { text: "workflows, memory, PSS", value: weir.pss, unit: "MB" },
      { text: "Node-RED, PUBLISH to action, p99", value: nodeRed.p99, unit: "ms" },
      { text: "Weir, PUBLISH to action, p99", value: weir.p99, unit: "ms" },
      { text: "Node-RED, actions that arrived", value: nodeRed.arrived, unit: "" },
      { text: "Weir, actions that arrived", value: weir.arrived, unit: "" },
    ],
  };
}

async function ofWeir(options: LoadOptions, { files }: Logic) {
  await using running = await startRunning();
  const { logger, workflows } = await running.startWeir(files);
  const { cores, tookMs, arrived } = await measureUnder(running, [workflows, logger], options);
  const [own = Number.NaN, ofLogger = Number.NaN] = cores;
  const { pss } = memoryOf(workflows);
  return { cores: own, withLogger: own + ofLogger, pss, p99: percentile(tookMs, 0.99), arrived };
}

async function ofNodeRed(options: LoadOptions, logic: Logic) {
  await using running = await startRunning();
  const folder = join(running.folder, "node-red");
  mkdirSync(folder);
  await using child = await startNodeRed(folder, logic.flows(running.brokerPort));
  await Promise.race([pause(STARTED_MS), child.failed]);
  const { cores, tookMs, arrived } = await measureUnder(running, [child], options);
  const [own = Number.NaN] = cores;
  return { cores: own, pss: memoryOf(child).pss, p99: percentile(tookMs, 0.99), arrived };
}
