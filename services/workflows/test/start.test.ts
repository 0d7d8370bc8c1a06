import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { NODE_ARGUMENTS } from "@weir/runtime";
import { freePort, temporaryFolder } from "@weir/testkit";

jest.setTimeout(60_000);

const SERVICE = join(import.meta.dirname, "..");
/** Writes at the end which modules a process has loaded. */
const LISTING = `
  import { writeFileSync } from "node:fs";
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({
    load: (url, context, next) => {
      loaded.push(url);
      return next(url, context);
    },
  });
  process.on("exit", () => writeFileSync(process.env.LOADED_FILE, loaded.join("\\n")));`;
const MAIL = `
flows:
  mail:
    nodes:
      ask: { type: button }
      mail: { type: email, to: [you@example.org], subject: asked }
    wires:
      - ask -> mail
`;

describe("the service at its start", () => {
  it("leaves in its files what only a mail, a trial or a person at a terminal needs", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("workflows"));
    writeFileSync(folder.file("workflows/mail.yaml"), MAIL);
    const listing = `data:text/javascript,${encodeURIComponent(LISTING)}`;
    const args = [...NODE_ARGUMENTS, "--import", listing, join(SERVICE, "src/main.ts")];
    const child = spawn(process.execPath, args, {
      cwd: folder.path,
      env: {
        ...process.env,
        BROKER: `127.0.0.1:${await freePort()}`,
        DB_FILE: folder.file("weir.db"),
        LOADED_FILE: folder.file("loaded"),
        LOG_FORMAT: "json",
        LOG_LEVEL: "error",
        SMTP_FROM: "weir@example.org",
        SMTP_HOST: "mail.example.org",
        WORKFLOWS_FOLDER: folder.file("workflows"),
        WORKFLOWS_HTTP_PORT: "0",
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    using _child = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
    const ended = once(child, "exit");
    // It says where it listens, as soon as it has started.
    await Promise.race([once(child, "message"), ended]);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    const loaded = readFileSync(folder.file("loaded"), "utf8").split("\n");
    expect(loaded).toContainEqual(expect.stringContaining("/actions/email.ts"));
    const packages = loaded.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]);
    const needless = new Set(["nodemailer", "smtp-server", "mqtt", "aedes"]);
    expect(packages.filter((name) => needless.has(name ?? ""))).toEqual([]);
    expect(loaded.filter((url) => url.endsWith("/trial-process.ts"))).toEqual([]);
  });
});
