import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "@jest/globals";
import { startHere, WEIR } from "./fixture.ts";

const COMMANDS = [
  ...[
    "export",
    "series",
    "explain",
    "history",
    "disk",
    "backup",
    "restore",
    "replay",
    "audit",
    "delete",
    "workflows",
    "verify-stats",
    "config",
    "doctor",
    "command",
    "agent",
    "fleet",
  ],
  ...["deadband-preview", "print", "secure", "faults"],
];

describe("weir", () => {
  test.each([[[]], [["--help"]]])("with %j lists every command", async (argv) => {
    const { code, out, err } = await startHere(argv).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const listed = out.split("Commands:\n")[1] ?? "";
    expect([...listed.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name]) => name)).toEqual(COMMANDS);
  });

  test.each([
    ...COMMANDS.map((name) => [name]),
    ...["check", "schema"].map((name) => ["config", name]),
    ...["check", "test", "list", "press", "runs", "run", "alerts", "schema"].map((name) => [
      "workflows",
      name,
    ]),
    ...["init", "device", "operator", "remove", "status"].map((name) => ["secure", name]),
  ])("%s %s explains itself with an example", async (...path) => {
    const argv = path.filter((name) => name !== undefined);
    const { code, out, err } = await startHere([...argv, "--help"]).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`Usage: weir ${argv.join(" ")}`);
    expect(out).toMatch(new RegExp(`Examples:\\n  weir ${argv.join(" ")}`));
  });

  test.each([
    [["exprot"], "weir: unknown command 'exprot'\n(Did you mean export?)\nSee weir --help.\n"],
    [
      ["audit", "--stict"],
      "weir audit: unknown option '--stict'\n(Did you mean --strict?)\nSee weir audit --help.\n",
    ],
    [
      ["secure", "devcie", "x"],
      "weir secure: unknown command 'devcie'\n(Did you mean device?)\nSee weir secure --help.\n",
    ],
    [
      ["agent", "--borker", "x"],
      "weir agent: unknown option '--borker'\n(Did you mean --broker?)\nSee weir agent --help.\n",
    ],
  ])("suggests what %j may mean, and ends with 78", async (argv, err) => {
    expect(await startHere(argv).ended).toEqual({ code: 78, out: "", err });
  });

  test("prints the JSON Schema of weir.yaml", async () => {
    const { code, out } = await startHere(["config", "schema"]).ended;
    expect(code).toBe(0);
    const file = JSON.parse(readFileSync("config/weir.schema.json", "utf8"));
    expect(JSON.parse(out)).toEqual(file);
  });

  test.each([[["--help"]], [["faults", "--list"]]])(
    "ends quietly with %j when nothing reads its output any more",
    async (argv) => {
      const child = spawn(process.execPath, [WEIR, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.destroy();
      const [err, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
    },
  );
});
