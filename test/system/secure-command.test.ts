import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, jest, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { retainableOf } from "../../weir/src/rights.ts";

// Each command is a process, and runs openssl.
jest.setTimeout(180_000);

const execute = promisify(execFile);
const OF_A_DEVICE = 15;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function secure(folder: TemporaryFolder, ...args: string[]): Promise<Ended> {
  const command = ["weir/src/main.ts", "secure", ...args, "--folder", folder.path];
  try {
    return { code: 0, ...(await execute(process.execPath, command)) };
  } catch (error) {
    // What execFile rejects with has the exit code and both outputs.
    return error as Ended;
  }
}

const read = (folder: TemporaryFolder, file: string): string =>
  readFileSync(folder.file(file), "utf8");

describe("weir secure", () => {
  test("loses no user when it runs twelve times at once", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    const ids = Array.from({ length: 12 }, (_, index) => `device-${index}`);

    const ended = await Promise.all(
      ids.map((id, index) =>
        secure(folder, "device", id, ...(index % 3 === 0 ? ["--certificate"] : [])),
      ),
    );

    expect(ended.map(({ code }) => code)).toEqual(ids.map(() => 0));
    const rights = read(folder, "mosquitto/rights");
    const passwords = read(folder, "mosquitto/passwords");
    const issued = read(folder, "ca.database");
    for (const [index, id] of ids.entries()) {
      expect(rights).toContain(`# device ${id}\n`);
      expect(rights).toContain(`topic write weir/receipt/${id}\n`);
      if (index % 3 === 0) expect(issued).toContain(`/CN=${id}.`);
      else expect(passwords).toContain(`${id}:$7$`);
    }
  });

  test("lets no client choose a level, and says how much each may have retained", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    await secure(folder, "device", "cellar");
    await secure(folder, "device", "5f3e9a", "--access-key", "AK7");
    await secure(folder, "device", "porch.x", "--certificate");
    await secure(folder, "operator", "anna");

    const rights = read(folder, "mosquitto/rights");
    const retainable = retainableOf(rights);
    const unbounded = retainable.filter((one) => one.unbounded.length > 0);

    // STATS_SERIES_MAX bounds these.
    expect(unbounded).toEqual([expect.objectContaining({ unbounded: ["STATS/#"] })]);
    expect(rights).not.toMatch(/^(pattern|topic [^rwd])/m);
    const packetBytesMax = maxPacketSize();
    for (const [user, topics] of [
      ["cellar", OF_A_DEVICE],
      ["AK7", OF_A_DEVICE],
      ["device-agent", OF_A_DEVICE],
      ["publisher", 2],
      // Two commands for each of four devices, and the status of Home Assistant.
      ["anna", 9],
      ["dashboard", 8],
      ["workflows", 8],
    ] as const) {
      const found = retainable.find((one) => one.user === user);
      expect([user, found?.topics.length]).toEqual([user, topics]);
    }
    const { stdout } = await secure(folder, "status");
    const bytes = (OF_A_DEVICE * packetBytesMax).toLocaleString("en-US");
    expect(stdout).toContain(`cellar may have ${OF_A_DEVICE} messages retained, ${bytes} bytes`);
    expect(readFileSync("docs/reference/rights.md", "utf8")).toContain(
      `${OF_A_DEVICE} x ${packetBytesMax.toLocaleString("en-US")} = ${bytes} bytes`,
    );
  });

  test("takes everything back that was given because of a device", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    const before = read(folder, "mosquitto/rights");

    await secure(folder, "device", "cellar");
    expect(read(folder, "mosquitto/rights")).toContain("topic write devices/cellar/command\n");
    await secure(folder, "remove", "cellar");

    expect(read(folder, "mosquitto/rights")).toBe(before);
  });

  test.each([
    ["..", "are no names; choose another"],
    [".", "are no names; choose another"],
    ["__proto__", "are no names; choose another"],
    ["constructor", "are no names; choose another"],
    ["", "1 to 64 letters"],
    ["x".repeat(65), "1 to 64 letters"],
    ["a/b", "1 to 64 letters"],
    ["weir-logger", "begin with weir-"],
  ])("refuses the name %j, and says which field it was", async (name, words) => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    const before = read(folder, "mosquitto/rights");

    const ended = [
      ["ID", await secure(folder, "device", name)],
      ["NAME", await secure(folder, "operator", name)],
      ["--access-key", await secure(folder, "device", "fine", "--access-key", name)],
    ] as const;

    for (const [field, { code, stderr }] of ended) {
      expect(code).toBe(78);
      expect(stderr).toContain(`${field}: ${JSON.stringify(name)} cannot be the name`);
      expect(stderr).toContain("Add and remove clients");
      expect(stderr).toContain(words);
    }
    expect(read(folder, "mosquitto/rights")).toBe(before);
  });

  test("refuses the names of services, and a name that a certificate makes too long", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");

    for (const name of ["logger", "publisher", "tools", "kitchen", "device-agent"]) {
      expect(await secure(folder, "device", name)).toMatchObject({ code: 73 });
    }
    expect(await secure(folder, "device", "x".repeat(56), "--certificate")).toMatchObject({
      code: 78,
      stderr: expect.stringContaining("at most 55 characters"),
    });
    expect(await secure(folder, "constructor")).toMatchObject({
      code: 78,
      stderr: expect.stringContaining("unknown command 'constructor'"),
    });
  });

  test("warns before a certificate ends", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    await secure(folder, "device", "porch", "--certificate");
    expect(await secure(folder, "status")).toMatchObject({ code: 0 });

    const inTenDays = new Date(Date.now() + 10 * 86_400_000).toISOString();
    const end = `${inTenDays.slice(2, 19).replace(/[-:T]/g, "")}Z`;
    const issued = read(folder, "ca.database");
    writeFileSync(folder.file("ca.database"), issued.replace(/\d{12}Z/, end));

    const { code, stdout } = await secure(folder, "status");
    expect(code).toBe(1);
    expect(stdout).toMatch(/the certificate of porch\.[0-9a-f]{8} ends on /);
  });

  test("makes the rights of an earlier version finite, and leaves what was written by hand", async () => {
    using folder = temporaryFolder();
    await secure(folder, "init", "--host", "weir.example.org");
    await secure(folder, "device", "cellar");
    const wanted = read(folder, "mosquitto/rights");
    const earlier = wanted
      .replace(/(topic write (\w+)\/cellar\/log\/)info\n.*\n.*\n/g, "$1+\n")
      .replace(
        "topic write answers/cellar\n",
        "topic write answers/cellar/#\ntopic write by/hand\n",
      )
      .replace("user weir-logger\n", "user logger\n")
      .replace(/topic write weir\/receipt\/publisher\n(topic write weir\/receipt\/.*\n)*/, "")
      .replace(
        "topic write weir/service/logger/performance\n",
        "topic write weir/receipt/+\ntopic write weir/service/logger/#\ntopic write weir/audit/+\ntopic write replay/#\n",
      )
      .replace("topic deny $SYS/broker/log/#\n", "")
      .replace(/# service dashboard;[\s\S]*?\n\n/, "")
      .replace(/# service workflows;[\s\S]*?\n\n/, "")
      .replace(/(topic write (devices|losant)\/\w+\/command\n){4}/, (lines) =>
        lines.includes("kitchen")
          ? "topic write devices/+/command\ntopic write losant/+/command\n"
          : lines,
      );
    writeFileSync(folder.file("mosquitto/rights"), earlier);
    writeFileSync(
      folder.file("mosquitto/passwords"),
      read(folder, "mosquitto/passwords").replace("weir-logger:", "logger:"),
    );
    expect(await secure(folder, "status")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("cellar may write to devices/cellar/log/+, a filter"),
    });

    await secure(folder, "init", "--host", "weir.example.org");

    const renewed = read(folder, "mosquitto/rights");
    expect(renewed).toContain("topic write by/hand\n");
    expect(sorted(renewed.replace("topic write by/hand\n", ""))).toEqual(sorted(wanted));
    const users = read(folder, "mosquitto/passwords").replace(/:.*/g, "");
    expect(users).toMatch(/^weir-logger$/m);
    expect(users).not.toMatch(/^logger$/m);
    expect(await secure(folder, "status")).toMatchObject({ code: 0 });
  });
});

function maxPacketSize(): number {
  return Number(
    /^max_packet_size (\d+)$/m.exec(readFileSync("mosquitto/secured.conf", "utf8"))?.[1],
  );
}

function sorted(rights: string): string[] {
  return rights.split("\n").toSorted();
}
