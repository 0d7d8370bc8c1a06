import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually, freePort, temporaryFolder } from "@weir/testkit";
import { networkState } from "../../src/contract/system.ts";
import { networkRoutes } from "../../src/routes/network.ts";
import { NetworkControl } from "../../src/sources/network-control.ts";
import { serverFor } from "../fixture.ts";

const NETWORK = fileURLToPath(
  new URL("../../../../packages/testkit/src/network.ts", import.meta.url),
);

describe("the network", () => {
  test("is cut and restored through the fault proxy", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const [port, control] = [await freePort(), await freePort()];
    const target = `127.0.0.1:${broker.port}`;
    const proxy = spawn(
      process.execPath,
      [NETWORK, "serve", target, String(port), String(control)],
      { env: { ...process.env, NETWORK_CONTROL: folder.file("network.sock") } },
    );
    const ended = once(proxy, "exit");
    const url = `http://127.0.0.1:${control}`;
    const server = await serverFor((api) => networkRoutes(api, new NetworkControl(url)));
    const order = async (command: string) => {
      const asked = { method: "POST", url: "/api/v1/network", payload: { command } } as const;
      return (await server.inject(asked)).json();
    };
    const state = await eventually(async () => {
      const response = await server.inject("/api/v1/network");
      return response.statusCode === 200 ? networkState.parse(response.json()) : null;
    });
    expect(state).toMatchObject({ condition: "release", sinceMs: null });

    await using client = await connectTestClient(port, "a");
    await client.publish("a", "1", { qos: 1 });
    await eventually(() => client.received.length === 1);
    expect(await order("capture")).toMatchObject({ condition: "capture" });
    const held = client.publish("a", "2", { qos: 1 });
    await using outside = await connectTestClient(broker.port, "a");
    await outside.publish("a", "3", { qos: 1 });
    await eventually(() => outside.received.length === 1);
    expect(String(outside.received[0]?.payload)).toBe("3");
    expect(await order("release")).toMatchObject({ condition: "release" });
    await held;
    await eventually(() => outside.received.length === 2);

    expect((await order("explode")).problems).toEqual([
      expect.objectContaining({ field: "command" }),
    ]);
    await server.close();
    proxy.kill();
    await ended;
  });

  test("is there in the debug composition only, and may be away", async () => {
    const asked = async (url: string | null, command?: string) => {
      const server = await serverFor((api) => networkRoutes(api, new NetworkControl(url)));
      const request = { method: "POST", url: "/api/v1/network", payload: { command } } as const;
      const response = await server.inject(command === undefined ? "/api/v1/network" : request);
      await server.close();
      return [response.statusCode, response.json().problems?.[0].problem ?? response.json()];
    };
    expect(await asked(null)).toEqual([200, { condition: "none", sinceMs: null, commands: [] }]);
    const refused = [404, "this composition has no network that can be cut"];
    expect(await asked(null, "capture")).toEqual(refused);
    const away = await asked(`http://127.0.0.1:${await freePort()}`);
    expect(away).toEqual([503, expect.stringContaining("the network does not answer")]);
  });
});
