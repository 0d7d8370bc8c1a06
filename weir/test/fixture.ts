import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Clock, type Environment, systemClock } from "@weir/runtime";
import { BARE_ENVIRONMENT, NOTHING_CONFIGURED } from "@weir/testkit";
import { runWeir } from "../src/weir.ts";

/** What Node runs for `weir`. */
export const WEIR = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** An output that keeps what is written. */
function keeping(isTTY: boolean) {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => chunks.join("") };
}

/** Starts `weir …` in this process. */
export function startHere(
  argv: readonly string[],
  {
    environment = {},
    clock = systemClock,
    signal = new AbortController().signal,
    isTTY = false,
  }: { environment?: Environment; clock?: Clock; signal?: AbortSignal; isTTY?: boolean } = {},
) {
  const [out, err] = [keeping(isTTY), keeping(isTTY)];
  const code = runWeir(argv, {
    environment: { WEIR_FILE: NOTHING_CONFIGURED, ...environment },
    clock,
    out: out.stream,
    err: err.stream,
    stopSignal: () => signal,
  });
  const ended = code.then((ended) => ({ code: ended, out: out.text(), err: err.text() }));
  return { out: out.text, err: err.text, ended };
}

/** Starts `weir …` as a process in a folder without .env and weir.yaml. */
export function startProcess(
  argv: readonly string[],
  { cwd, env = {}, uid }: { cwd: string; env?: Record<string, string>; uid?: number },
) {
  const child = spawn(process.execPath, [WEIR, ...argv], {
    cwd,
    env: { ...BARE_ENVIRONMENT, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid }),
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
    ([out, err, [code]]) => ({ out, err, code: code as number | null }),
  );
  return { child, ended };
}
