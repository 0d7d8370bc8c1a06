import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  Health,
  loggerAddress,
  loggerAddressSettings,
  processSettings,
  Registry,
  RequestFault,
  Routes,
  RoutesClient,
  readSettings,
  startHttpServer,
  storeSettings,
} from "@weir/runtime";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { z } from "zod";

const TOKEN = "a-token-of-the-test";
const PROBLEM = { field: "size", value: 0, problem: "it is none", remedy: "Take more." };
const thingSchema = z.object({ name: z.string(), size: z.number() });
const never = new AbortController().signal;

/** A service that has things, and a client of it. */
async function serve(folder: TemporaryFolder) {
  const routes = new Routes();
  routes.add(TOKEN, {
    method: "POST",
    path: "/things/:name",
    body: z.object({ size: z.number() }),
    answer: ({ parameters, body }) => {
      if (body.size === 0) throw new RequestFault(409, [PROBLEM]);
      return { content: { name: parameters.name, size: body.size } };
    },
  });
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    health: new Health(),
    metrics: new Registry(),
    routes,
    portSetting: "TEST_HTTP_PORT",
  });
  const tokenFile = folder.file("token");
  writeFileSync(tokenFile, `${TOKEN}\n`);
  const url = `http://127.0.0.1:${server.port}`;
  return { server, url, tokenFile, client: clientOf(url, tokenFile) };
}

function clientOf(url: string, tokenFile: string): RoutesClient {
  return new RoutesClient({ service: "thinger", url, tokenFile, entitlesTo: "take things" });
}

const askBox = (client: RoutesClient, size = 3): Promise<unknown> =>
  client.ask("POST", "/things/box", thingSchema, { size }, never);

describe("a client of a service's routes", () => {
  test("gets the answer, with the token that is in the file now", async () => {
    using folder = temporaryFolder();
    const { server, client, tokenFile } = await serve(folder);
    await using _server = server;
    writeFileSync(tokenFile, "another");
    await expect(askBox(client)).rejects.toMatchObject({ status: 401 });
    writeFileSync(tokenFile, TOKEN);
    expect(await askBox(client)).toEqual({ name: "box", size: 3 });
  });

  test("hands on a refusal with its status and problems", async () => {
    using folder = temporaryFolder();
    const { server, client } = await serve(folder);
    await using _server = server;
    const refused = askBox(client, 0);
    await expect(refused).rejects.toBeInstanceOf(RequestFault);
    await expect(refused).rejects.toMatchObject({ status: 409, problems: [PROBLEM] });
  });

  test("names the setting when another program answers, or none does", async () => {
    using folder = temporaryFolder();
    const { server, client, url } = await serve(folder);
    {
      await using _server = server;
      const other = client.ask("GET", "/healthz", thingSchema, null, never);
      await expect(other).rejects.toMatchObject({
        message: `what answers at ${url} is no thinger of this version`,
        remedy: expect.stringContaining("THINGER_URL"),
      });
    }
    await expect(askBox(client)).rejects.toMatchObject({
      message: expect.stringContaining(`the thinger does not answer at ${url}`),
      remedy: expect.stringContaining("THINGER_URL"),
    });
  });

  test("ends with the reason of its signal", async () => {
    using folder = temporaryFolder();
    const { server, client } = await serve(folder);
    await using _server = server;
    const aborted = AbortSignal.abort(new Error("enough"));
    const asked = client.ask("GET", "/things", thingSchema, null, aborted);
    await expect(asked).rejects.toThrow("enough");
  });

  test.each([
    ["a device without an end", "/dev/zero", null, "it is not a file"],
    ["a file that is too large", "token", "x".repeat(4_097), "it is larger than 4096 bytes"],
    ["several words", "token", "secret of\nsomebody", "it has more than one word"],
    ["nothing", "token", "\n", "is empty"],
  ])("takes no token from %s, and does not show it", async (_, name, content, expected) => {
    using folder = temporaryFolder();
    const file = name.startsWith("/") ? name : folder.file(name);
    if (content !== null) writeFileSync(file, content);
    const asked = askBox(clientOf("http://127.0.0.1:9", file));
    await expect(asked).rejects.toMatchObject({
      message: expect.stringContaining(expected),
      remedy: expect.stringContaining("THINGER_TOKEN_FILE"),
    });
    await expect(asked).rejects.not.toMatchObject({ message: expect.stringContaining("secret") });
  });
});

describe("the address of the logger", () => {
  const { HTTP_HOST } = processSettings;
  const settings = { ...storeSettings, HTTP_HOST, ...loggerAddressSettings };
  const addressIn = (environment: Record<string, string>) =>
    loggerAddress(readSettings(settings, environment));

  test("is this machine, and its token lies beside the store", () => {
    expect(addressIn({ HTTP_HOST: "0.0.0.0", DB_FILE: "a/weir.db" })).toMatchObject({
      url: "http://127.0.0.1:9102",
      tokenFile: "a/deletions.token",
    });
    expect(addressIn({ HTTP_HOST: "::1" })).toMatchObject({ url: "http://[::1]:9102" });
  });

  test("is what the settings say", () => {
    const environment = { LOGGER_URL: "https://there:1", LOGGER_TOKEN_FILE: "token" };
    expect(addressIn(environment)).toMatchObject({ url: "https://there:1", tokenFile: "token" });
  });

  test("has no password, which is not shown", () => {
    const read = () => addressIn({ LOGGER_URL: "http://ann:hunter2@there:1" });
    expect(read).toThrow("LOGGER_URL: ");
    expect(read).toThrow("leave out the user and the password");
    expect(read).not.toThrow("hunter2");
  });
});
