// The network between the broker and its clients, as a process that an operator controls:
//   node network.ts serve BROKER_HOST:PORT LISTEN_PORT [CONTROL_PORT]
//   node network.ts capture     (and the other commands, to the one that serves on this machine)
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type FaultProxy, type NetworkCondition, NORMAL, startFaultProxy } from "./fault-proxy.ts";

const CONTROL = process.env.NETWORK_CONTROL ?? join(tmpdir(), "weir-network.sock");

const COMMANDS = `capture              nothing comes through any more; connections stay open
release              everything comes through again
reset                ends all connections, once
latency MS           everything comes so much later
throttle BYTES       at most so many bytes a second
slices               every byte comes alone
half-open up|down    nothing comes through to (up) or from (down) the broker`;

/** Reads a command; `null` for anything else. */
function parseCommand([word, argument]: readonly string[]):
  | NetworkCondition
  | { kind: "reset" }
  | null {
  const amount = Number(argument);
  const isAmount = Number.isInteger(amount) && amount > 0;
  switch (word) {
    case "capture":
      return { kind: "black hole" };
    case "release":
      return NORMAL;
    case "reset":
      return { kind: "reset" };
    case "slices":
      return { kind: "slices" };
    case "latency":
      return isAmount ? { kind: "latency", delayMs: amount } : null;
    case "throttle":
      return isAmount ? { kind: "throttle", bytesPerSecond: amount } : null;
    case "half-open":
      return argument === "up" || argument === "down"
        ? { kind: "half-open", dead: argument }
        : null;
    default:
      return null;
  }
}

function execute(proxy: FaultProxy, words: readonly string[]): string {
  const command = parseCommand(words);
  if (command === null) return `there is no such command; there are\n${COMMANDS}\n`;
  if (command.kind === "reset") proxy.reset();
  else proxy.impose(command);
  return `network: ${words.join(" ")}\n`;
}

/** Over HTTP: GET / shows the condition, POST /capture, /release and /reset change it. For a network of containers only. */
function controlOverHttp(proxy: FaultProxy) {
  const commands = ["capture", "release", "reset"];
  let condition = "release";
  let sinceMs: number | null = null;
  return createHttpServer((request, response) => {
    const command = request.url?.slice(1) ?? "";
    const isChange = request.method === "POST" && commands.includes(command);
    if (isChange) {
      process.stdout.write(execute(proxy, [command]));
      if (command !== "reset") condition = command;
      sinceMs = Date.now();
    }
    const isKnown = isChange || (request.method === "GET" && command === "");
    response.writeHead(isKnown ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify({ condition, sinceMs, commands }));
  });
}

async function serve(target: string, listenPort: string, controlPort?: string): Promise<void> {
  const { hostname: host, port } = new URL(`tcp://${target}`);
  const stopped = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await using proxy = await startFaultProxy({
    target: { host, port: Number(port) },
    listen: { host: "0.0.0.0", port: Number(listenPort) },
  });
  // The socket of a predecessor that was killed.
  rmSync(CONTROL, { force: true });
  const control = createServer((socket) => {
    socket.on("error", () => {});
    // A command is a few bytes: it comes in one piece.
    socket.once("data", (line) => {
      const answer = execute(proxy, String(line).trim().split(/\s+/));
      process.stdout.write(answer);
      socket.end(answer);
    });
  }).listen(CONTROL);
  await once(control, "listening");
  const http =
    controlPort === undefined ? null : controlOverHttp(proxy).listen(Number(controlPort));
  process.stdout.write(`network: port ${proxy.port} leads to ${target}\n`);
  await stopped;
  control.close();
  http?.close();
  http?.closeAllConnections();
}

async function send(words: readonly string[]): Promise<void> {
  const socket = connect(CONTROL);
  await once(socket, "connect");
  socket.write(`${words.join(" ")}\n`);
  process.stdout.write(await text(socket));
}

const [first, target, listenPort, controlPort] = process.argv.slice(2);
if (first === "serve" && target !== undefined && listenPort !== undefined) {
  await serve(target, listenPort, controlPort);
} else if (parseCommand(process.argv.slice(2)) === null) {
  process.stderr.write(
    `node network.ts serve HOST:PORT LISTEN_PORT [CONTROL_PORT], or one of\n${COMMANDS}\n`,
  );
  process.exitCode = 64;
} else {
  await send(process.argv.slice(2));
}
