import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { type FlowDefinition, parseWorkflowFile, tryFlow } from "@weir/flows";
import { didYouMean, errorMessage } from "@weir/runtime";
import { historyOf } from "../actions/history.ts";
import type { TrialAnswer, TrialTask } from "./trials.ts";

/** Tries a workflow as this process's parent asks, and ends. */
async function answer(): Promise<TrialAnswer> {
  // A cast: the parent sends exactly that.
  const [task] = (await once(process, "message")) as [TrialTask];
  const { request, savedText, streams, indexFile, skewUs, devicePrefixes, tookMsMax } = task;
  const { file, text, flow, fromMs, toMs } = request;
  const asked = find(text, file, flow);
  if ("problems" in asked) return asked;
  const saved = savedText === null ? null : find(savedText, file, flow);
  const question = {
    asked: asked.flow,
    saved: saved !== null && "flow" in saved ? saved.flow : null,
    fromMs,
    toMs,
  };
  // The parent ends this process.
  const { signal } = new AbortController();
  try {
    const trial = await tryFlow(question, {
      streams,
      indexFile,
      skewUs,
      devicePrefixes,
      tookMsMax,
      signal,
      historyOf: async (effect) => await historyOf(effect, { streams, indexFile, skewUs, signal }),
    });
    return { trial };
  } catch (error) {
    return { failure: errorMessage(error) };
  }
}

function find(
  text: string,
  file: string,
  name: string,
): { flow: FlowDefinition } | { problems: readonly string[] } {
  const { flows, problems, invalid } = parseWorkflowFile(text, file);
  const flow = flows.find((one) => one.name === name);
  if (flow !== undefined) return { flow };
  if (invalid.includes(name) || problems.length > 0) return { problems };
  const known = flows.map((one) => one.name);
  return { problems: [`${file}.yaml has no workflow ${name}${didYouMean(name, known)}`] };
}

if (import.meta.main) {
  // The workflows that run come first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  process.once("disconnect", () => process.exit());
  const sent = await answer();
  process.send?.(sent, () => process.disconnect?.());
}
