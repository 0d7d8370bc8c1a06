import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { eventually, temporaryFolder } from "../src/index.ts";

const MAIN = fileURLToPath(new URL("../src/network.ts", import.meta.url));
const execute = promisify(execFile);

test("the network is captured and released from the command line", async () => {
  using folder = temporaryFolder();
  const env = { ...process.env, NETWORK_CONTROL: folder.file("control.sock") };
  await using opened = new AsyncDisposableStack();
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  opened.defer(() => void echo.close());

  const target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [MAIN, "serve", target, "0"], { env, stdio: "pipe" });
  const ended = once(child, "exit");
  opened.defer(async () => {
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
  const [line] = await once(child.stdout, "data");
  const port = Number(/port (\d+) /.exec(String(line))?.[1]);
  const send = async (...words: string[]) =>
    (await execute(process.execPath, [MAIN, ...words], { env })).stdout;

  const client = connect(port, "127.0.0.1");
  opened.defer(() => void client.destroy());
  let received = "";
  client.on("data", (chunk) => {
    received += chunk;
  });
  client.write("a");
  await eventually(() => received === "a");
  expect(await send("capture")).toBe("network: capture\n");
  client.write("b");
  expect(await send("latency", "5")).toBe("network: latency 5\n");
  await eventually(() => received === "ab");
  expect(await send("release")).toBe("network: release\n");
  await expect(send("explode")).rejects.toMatchObject({ code: 64 });
}, 120_000);
