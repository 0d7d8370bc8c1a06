import { execFile } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import {
  BARE_ENVIRONMENT,
  eventually,
  freePort,
  hasDocker,
  openTestStore,
  temporaryFolder,
} from "@weir/testkit";
import { type Compose, createCompose } from "./compose.ts";
import { connectGuest, type Guest, type GuestOptions } from "./guest.ts";

const TIMEOUT_MS = 300_000;
// Some tests run openssl and the broker's own program several times.
jest.setTimeout(120_000);

const NOT_AUTHORIZED = 0x87;
/** What an MQTT 3.1.1 broker answers to a CONNECT that it does not authorise. */
const REFUSED_3_1_1 = 5;

const inDocker = hasDocker() ? describe : describe.skip;
const execute = promisify(execFile);

inDocker("the secured broker", () => {
  const secrets = temporaryFolder();
  let compose: Compose;
  let port: number;
  let certificatePort: number;

  beforeAll(async () => {
    await secure("init", "--host", "weir.example.org");
    for (const id of ["cellar", "hall"]) await secure("device", id);
    await secure("device", "5f3e9a", "--access-key", "AK7");
    await secure("device", "porch", "--certificate");
    port = await freePort();
    certificatePort = await freePort();
    compose = await createCompose("secured", {
      COMPOSE_FILE: "docker-compose.yml:docker-compose-secured.yml",
      SECRETS_FOLDER: secrets.path,
      MQTTS_PUBLISH: `127.0.0.1:${port}`,
      MQTTS_CERTIFICATE_PUBLISH: `127.0.0.1:${certificatePort}`,
    });
    await compose.run("up", "--no-deps", "--detach", "--wait", "mosquitto");
  }, TIMEOUT_MS);

  afterAll(async () => {
    await compose[Symbol.asyncDispose]();
    secrets[Symbol.dispose]();
  }, TIMEOUT_MS);

  async function secure(...args: string[]): Promise<void> {
    const command = ["weir/src/main.ts", "secure", ...args, "--folder", secrets.path];
    await execute(process.execPath, command);
  }

  function secret(file: string): string {
    return readFileSync(secrets.file(file), "utf8");
  }

  async function connect(options: Partial<GuestOptions> = {}): Promise<Guest> {
    return await connectGuest({ port, authority: secret("ca.crt"), ...options });
  }

  /** Connects by name, with the password that was made for it. */
  async function comeAs(user: string, options: Partial<GuestOptions> = {}): Promise<Guest> {
    const file = user === "operator" ? "operators/operator" : `devices/${user}`;
    return await connect({ user, password: secret(`${file}.password`), ...options });
  }

  test.each([5, 4] as const)(
    "refuses a client without a password (version %i)",
    async (version) => {
      const code = version === 5 ? NOT_AUTHORIZED : REFUSED_3_1_1;

      await expect(connect({ version })).rejects.toMatchObject({ code });
      await expect(connect({ version, user: "cellar", password: "guessed" })).rejects.toMatchObject(
        {
          code,
        },
      );
      await expect(
        connect({ version, user: "cellar", password: secret("devices/hall.password") }),
      ).rejects.toMatchObject({ code });
    },
  );

  test("has no port without TLS", async () => {
    const ports = await compose.run("ps", "--format", "{{.Ports}}", "mosquitto");

    expect(ports).toContain("->8883/tcp");
    expect(ports).not.toContain("->1883/tcp");
  });

  test("takes a device's own state, and nothing in the name of another", async () => {
    await using operator = await comeAs("operator", { filter: "#" });
    await using cellar = await comeAs("cellar");

    await cellar.publish("devices/cellar/state", "19");

    await eventually(() => operator.received.includes("devices/cellar/state 19"));
    for (const topic of [
      "devices/hall/state",
      "devices/cellar/command",
      "weir/publisher/hall",
      "weir/receipt/cellar",
      "homeassistant/device/hall/config",
      "DATA",
    ]) {
      await expect(cellar.publish(topic, "forged")).rejects.toMatchObject({
        code: NOT_AUTHORIZED,
      });
    }
    expect(operator.received.join()).not.toContain("forged");
  });

  test("drops what an MQTT 3.1.1 client may not send, without a word", async () => {
    await using operator = await comeAs("operator", { filter: "#" });
    await using cellar = await comeAs("cellar", { version: 4 });

    await cellar.publish("devices/hall/state", "forged");
    await cellar.publish("devices/cellar/command", "forged");
    await cellar.publish("devices/cellar/state", "sentinel");

    await eventually(() => operator.received.includes("devices/cellar/state sentinel"));
    expect(operator.received.join()).not.toContain("forged");
  });

  test("gives a device the commands of an operator, and nothing of another's", async () => {
    await using cellar = await comeAs("cellar", { filter: "#" });
    await using operator = await comeAs("operator");

    await operator.publish("devices/hall/command", "not yours");
    await operator.publish("devices/cellar/command", "yours");

    await eventually(() => cellar.received.length > 0);
    expect(cellar.received).toEqual(["devices/cellar/command yours"]);
    await expect(operator.publish("devices/cellar/state", "forged")).rejects.toMatchObject({
      code: NOT_AUTHORIZED,
    });
  });

  test("takes a client that was made for Losant, by access key and secret", async () => {
    await using operator = await comeAs("operator", { filter: "losant/#" });
    await using device = await connect({
      clientId: "5f3e9a",
      user: "AK7",
      password: secret("devices/5f3e9a.password"),
      version: 4,
      filter: "losant/5f3e9a/command",
    });

    await device.publish("losant/cellar/state", "forged");
    await device.publish("losant/5f3e9a/state", '{"data":{"t":19}}');
    await operator.publish("losant/5f3e9a/command", "go");

    await eventually(() => device.received.includes("losant/5f3e9a/command go"));
    expect(operator.received).toEqual([
      'losant/5f3e9a/state {"data":{"t":19}}',
      "losant/5f3e9a/command go",
    ]);
  });

  test("tells the dashboard alone who connects, and why connections end", async () => {
    const password = secret("services/dashboard");
    const filter = "$SYS/broker/log/#";
    await using dashboard = await connect({ user: "dashboard", password, filter });
    await using operator = await comeAs("operator", { filter: "$SYS/#" });
    await using hall = await comeAs("hall", { filter: "$SYS/#" });
    await (await comeAs("cellar"))[Symbol.asyncDispose]();

    const uptimes = () => operator.received.filter((one) => one.includes("/broker/uptime "));
    await eventually(() =>
      dashboard.received.some((one) => /Client cellar \[.*disconnected/.test(one)),
    );
    expect(dashboard.received.join()).toMatch(/New client connected from [^ ]+ as cellar \(/);
    // The broker publishes it again and again: what it published before has come.
    const before = uptimes().length;
    await eventually(() => uptimes().length > before);
    expect(operator.received.filter((one) => one.startsWith("$SYS/broker/log"))).toEqual([]);
    expect(hall.received).toEqual([]);
    await dashboard.publish("devices/cellar/command", "allowed");
    await expect(dashboard.publish("devices/cellar/state", "forged")).rejects.toMatchObject({
      code: NOT_AUTHORIZED,
    });
  });

  test("leaves a device its session when another takes its client id", async () => {
    await using cellar = await comeAs("cellar", {
      clientId: "cellar",
      filter: "devices/cellar/command",
    });
    await using thief = await comeAs("hall", { clientId: "cellar", filter: "devices/#" });
    await using operator = await comeAs("operator");

    await operator.publish("devices/cellar/command", "secret");
    await operator.publish("devices/hall/command", "sentinel");

    await eventually(() => cellar.received.includes("devices/cellar/command secret"));
    await eventually(() => thief.received.length > 0);
    expect(thief.received).toEqual(["devices/hall/command sentinel"]);
    await expect(thief.publish("devices/cellar/state", "forged")).rejects.toMatchObject({
      code: NOT_AUTHORIZED,
    });
  });

  test("lets no service take the session of another, by whatever client id", async () => {
    // From inside Compose's network, where Weir's own services connect.
    const url = "mqtt://mosquitto:1883";
    const inside = (user: string, secretFile: string, ...args: string[]): Promise<string> => {
      const password = ["-P", secret(`services/${secretFile}`)];
      const session = ["-V", "5", "-i", "weir-logger", "-u", user, ...password];
      const { hostname, port: plain } = new URL(url);
      return compose.run(
        "exec",
        "-T",
        "mosquitto",
        ...args,
        "-h",
        hostname,
        "-p",
        plain,
        ...session,
      );
    };
    const kept = ["-c", "-x", "600", "-q", "1", "-t", "devices/cellar/state"];
    await inside("weir-logger", "logger", "mosquitto_sub", ...kept, "-E");
    await using cellar = await comeAs("cellar");
    await cellar.publish("devices/cellar/state", "for the logger");

    await inside("publisher", "publisher", "mosquitto_pub", "-t", "DATA", "-m", "1");
    await inside("weir-tools", "tools", "mosquitto_pub", "-t", "weir/audit", "-m", "1");

    const received = await inside(
      "weir-logger",
      "logger",
      "mosquitto_sub",
      ...kept,
      "-C",
      "1",
      "-W",
      "30",
    );
    expect(received.trim()).toBe("for the logger");
  });

  test("lets an audit in the logger's container leave the logger's session alone", async () => {
    using folder = temporaryFolder();
    await using logger = await connect({
      user: "weir-logger",
      password: secret("services/logger"),
      filter: "devices/#",
    });
    await using cellar = await comeAs("cellar");
    openTestStore(folder.file("weir.db"))[Symbol.dispose]();
    writeFileSync(folder.file("weir.yaml"), "streams: { devices: { enabled: false } }\n");

    const audited = execute(process.execPath, ["weir/src/main.ts", "audit"], {
      env: {
        ...BARE_ENVIRONMENT,
        BROKER_URL: `mqtts://127.0.0.1:${port}`,
        BROKER_CA_FILE: secrets.file("ca.crt"),
        // As docker-compose-secured.yml gives it to the container.
        BROKER_USERNAME: "weir-logger",
        BROKER_PASSWORD_FILE: secrets.file("services/logger"),
        BROKER_TOOLS_USERNAME: "weir-tools",
        BROKER_TOOLS_PASSWORD_FILE: secrets.file("services/tools"),
        DB_FILE: folder.file("weir.db"),
        WEIR_FILE: folder.file("weir.yaml"),
      },
    });
    // It has read what is announced, and there is nothing.
    await expect(audited).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining("There are no publishers with an outbox"),
    });

    await cellar.publish("devices/cellar/state", "after the audit");
    await eventually(() => logger.received.includes("devices/cellar/state after the audit"));
  });

  test("keeps no more of one device than docs/reference/rights.md says", async () => {
    await using operator = await comeAs("operator", { filter: "#" });
    await using cellar = await comeAs("cellar");

    for (const topic of [
      "devices/cellar/log/of-my-own",
      "losant/cellar/log/debug",
      "answers/cellar/1",
      "weir/publisher/cellar/1",
      "weir/receipt/of-my-own",
      "homeassistant/sensor/cellar/config",
    ]) {
      await expect(cellar.publish(topic, "fills the broker")).rejects.toMatchObject({
        code: NOT_AUTHORIZED,
      });
    }
    for (const topic of ["devices/cellar/log/info", "answers/cellar"]) {
      await cellar.publish(topic, "as it should");
      await eventually(() => operator.received.includes(`${topic} as it should`));
    }
  });

  test("refuses a certificate that was called back, also one that comes again", async () => {
    await secure("device", "attic", "--certificate");
    const attic = {
      port: certificatePort,
      certificate: secret("devices/attic.crt"),
      key: secret("devices/attic.key"),
    };
    await using operator = await comeAs("operator", { filter: "devices/attic/state" });
    await compose.run("kill", "--signal", "SIGHUP", "mosquitto");
    await using before = await connect(attic);
    await eventually(() => publishes(before, "devices/attic/state"));

    await secure("remove", "attic");
    await compose.run("kill", "--signal", "SIGHUP", "mosquitto");

    await eventually(() => isRefusedByTls(attic));
    // Its connection is still open, and may do nothing any more.
    await eventually(async () => !(await publishes(before, "devices/attic/state")));
    await secure("device", "attic", "--certificate");
    await compose.run("kill", "--signal", "SIGHUP", "mosquitto");
    const again = {
      port: certificatePort,
      certificate: secret("devices/attic.crt"),
      key: secret("devices/attic.key"),
    };
    await eventually(async () => !(await isRefusedByTls(again)));
    expect(await isRefusedByTls(attic)).toBe(true);
    await using porch = await connect({
      port: certificatePort,
      certificate: secret("devices/porch.crt"),
      key: secret("devices/porch.key"),
    });
    await porch.publish("devices/porch/state", "undisturbed");
    expect(operator.received.length).toBeGreaterThan(0);
  });

  async function publishes(guest: Guest, topic: string): Promise<boolean> {
    try {
      await guest.publish(topic, "1");
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: NOT_AUTHORIZED });
      return false;
    }
  }

  async function isRefusedByTls(options: Partial<GuestOptions>): Promise<boolean> {
    try {
      await using _guest = await connect(options);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringContaining("CERTIFICATE_REVOKED") });
      return true;
    }
  }

  test("takes a certificate in place of a password, on its own port", async () => {
    const porch = {
      port: certificatePort,
      certificate: secret("devices/porch.crt"),
      key: secret("devices/porch.key"),
    };
    await using operator = await comeAs("operator", { filter: "devices/#" });
    await using cellar = await comeAs("cellar", { filter: "devices/cellar/command" });
    await using device = await connect({
      ...porch,
      clientId: "cellar",
      user: "hall",
      password: "is not checked",
    });

    await device.publish("devices/porch/state", "19");

    await eventually(() => operator.received.includes("devices/porch/state 19"));
    await expect(device.publish("devices/hall/state", "forged")).rejects.toMatchObject({
      code: NOT_AUTHORIZED,
    });
    // The client id of another, by a certificate, too, is not taken.
    await operator.publish("devices/cellar/command", "still yours");
    await eventually(() => cellar.received.includes("devices/cellar/command still yours"));
    await expect(comeAs("cellar", { port: certificatePort })).rejects.toThrow();
  });

  test("learns of devices that come and go while it runs", async () => {
    const isRefused = async (password: string): Promise<boolean> => {
      try {
        await using _garden = await connect({ user: "garden", password });
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: NOT_AUTHORIZED });
        return true;
      }
    };
    await using cellar = await comeAs("cellar");
    await secure("device", "garden");
    const password = secret("devices/garden.password");
    expect(await isRefused(password)).toBe(true);

    await compose.run("kill", "--signal", "SIGHUP", "mosquitto");
    await eventually(async () => !(await isRefused(password)));

    await secure("remove", "garden");
    await compose.run("kill", "--signal", "SIGHUP", "mosquitto");
    await eventually(() => isRefused(password));
    await cellar.publish("devices/cellar/state", "undisturbed");
  });

  test("keeps its secrets in a folder that is its owner's alone", () => {
    const modeOf = (file: string): number => statSync(file).mode & 0o777;

    expect(modeOf(secrets.path)).toBe(0o700);
    for (const file of ["ca.key", "operators/operator.password", "devices/porch.key"]) {
      expect(modeOf(secrets.file(file))).toBe(0o600);
    }
  });

  test("creates nothing again that exists", async () => {
    const files = [
      "ca.crt",
      "mosquitto/server.crt",
      "mosquitto/passwords",
      "mosquitto/rights",
      "mosquitto/revoked.pem",
    ];
    const before = files.map(secret);

    await secure("init", "--host", "weir.example.org");

    expect(files.map(secret)).toEqual(before);
    await expect(secure("device", "cellar")).rejects.toMatchObject({ code: 73 });
    await expect(secure("device", "logger")).rejects.toMatchObject({ code: 73 });
  });

  test("says what is missing where there is no openssl", async () => {
    const elsewhere = secrets.file("elsewhere");
    const args = ["weir/src/main.ts", "secure", "init", "--host", "h", "--folder", elsewhere];

    await expect(
      execute(process.execPath, args, { env: { PATH: secrets.path } }),
    ).rejects.toMatchObject({
      code: 69,
      stderr: expect.stringContaining("openssl was not found"),
    });
  });
});
