import { execFile, execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";

/** Stands for Docker: writes down what it is asked, and fails where it is asked for what `FAIL` says. */
const DOCKER = `#!/bin/sh
case "$*" in
  "compose ps --quiet") [ -n "\${NPM:-}" ] || echo id ;;
  "compose config --services") echo logger; echo stats ;;
  *"ps --quiet backup") [ -z "\${PROFILE:-}" ] || echo id ;;
  *) echo "$* \${COMPOSE_PROFILES:-}" >> "$LOG" ;;
esac
case "$*" in
  *" backup backup "*) echo "snapshot 20261128T040000.123Z: 3 files" ;;
esac
case "$*" in
  *"\${FAIL:-nothing fails}"*) exit 1 ;;
esac
`;

/** Stands for Node in the same way. */
const NODE = '#!/bin/sh\necho "$*" >> "$LOG"\n';

interface Ended {
  code: number;
  err: string;
  /** What Docker and Node were asked. */
  asked: string[];
}

interface Host {
  /** The clone that is upgraded. */
  clone: string;
  git(folder: string, ...args: string[]): string;
  upgrade(argv?: readonly string[], env?: Record<string, string>): Promise<Ended>;
}

/** A clone of a repository that has gone on since. */
function makeHost(folder: TemporaryFolder): Host {
  const [origin, clone, log] = ["origin", "clone", "log"].map((name) => folder.file(name)) as [
    string,
    string,
    string,
  ];
  const git = (at: string, ...args: string[]): string =>
    execFileSync("git", ["-C", at, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
      encoding: "utf8",
    }).trim();
  mkdirSync(join(origin, "deploy"), { recursive: true });
  cpSync("deploy/upgrade.sh", join(origin, "deploy/upgrade.sh"));
  git(origin, "init", "--quiet", "--initial-branch", "main");
  git(origin, "add", "-A");
  git(origin, "commit", "--quiet", "-m", "first");
  git(folder.path, "clone", "--quiet", origin, clone);
  // The script that is running is replaced, too.
  writeFileSync(join(origin, "deploy/upgrade.sh"), "exit 99\n");
  git(origin, "commit", "--quiet", "-am", "second");
  for (const [name, program] of Object.entries({ docker: DOCKER, node: NODE })) {
    writeFileSync(folder.file(name), program);
    chmodSync(folder.file(name), 0o755);
  }
  writeFileSync(log, "");
  return {
    clone,
    git,
    upgrade: (argv = [], env = {}) =>
      new Promise((resolve) => {
        const child = execFile(
          "sh",
          [join(clone, "deploy/upgrade.sh"), ...argv],
          { env: { ...process.env, PATH: `${folder.path}:${process.env.PATH}`, LOG: log, ...env } },
          (_error, _out, err) => {
            const asked = readFileSync(log, "utf8").trim().split("\n");
            resolve({ code: child.exitCode ?? -1, err, asked: asked.map((line) => line.trim()) });
          },
        );
      }),
  };
}

describe("deploy/upgrade.sh", () => {
  test("takes a snapshot, gets the source, builds one image after the other, starts, and tidies up", async () => {
    using folder = temporaryFolder();
    const { clone, git, upgrade } = makeHost(folder);
    const { code, asked } = await upgrade();
    expect(code).toBe(0);
    expect(asked).toEqual([
      "compose run --rm --no-TTY backup backup /backups --verify",
      "compose build --quiet logger",
      "compose build --quiet stats",
      "compose up --detach --wait --wait-timeout 300",
      "image prune --force",
    ]);
    expect(git(clone, "log", "-1", "--format=%s")).toBe("second");
  });

  test("keeps the service of daily backups where it runs", async () => {
    using folder = temporaryFolder();
    const { asked } = await makeHost(folder).upgrade(["--no-backup"], { PROFILE: "1" });
    expect(asked).toContain("compose up --detach --wait --wait-timeout 300 backup");
  });

  test("installs and builds the pages beside npm start, whose user may not be allowed to", async () => {
    using folder = temporaryFolder();
    const { clone, git, upgrade } = makeHost(folder);
    mkdirSync(join(clone, "node_modules"));
    const { code, asked } = await upgrade([], { NPM: "1" });
    expect(code).toBe(0);
    expect(asked).toEqual([
      "weir/bin.mjs backup backups --verify",
      "tools/pages.mjs",
      "weir/bin.mjs config check",
    ]);
    expect(git(clone, "log", "-1", "--format=%s")).toBe("second");
  });

  test("changes nothing without a snapshot that is whole", async () => {
    using folder = temporaryFolder();
    const { clone, git, upgrade } = makeHost(folder);
    const { code, asked } = await upgrade([], { FAIL: "backup backup" });
    expect([code, asked.length]).toEqual([1, 1]);
    expect(git(clone, "log", "-1", "--format=%s")).toBe("first");
  });

  test("says why the new version does not start, and names the way back", async () => {
    using folder = temporaryFolder();
    const { clone, git, upgrade } = makeHost(folder);
    const before = git(clone, "rev-parse", "HEAD");
    const { code, err, asked } = await upgrade([], { FAIL: "compose up" });
    expect(code).toBe(1);
    expect(asked.at(-1)).toBe("compose logs --no-color --no-log-prefix weir");
    expect(err).toContain(
      `git reset --hard ${before} && docker compose up --detach --build --wait`,
    );
    expect(err).toContain("restore /backups --snapshot 20261128T040000.123Z");
  });

  test("does not begin where files of the repository were changed", async () => {
    using folder = temporaryFolder();
    const { clone, upgrade } = makeHost(folder);
    writeFileSync(
      join(clone, "deploy/upgrade.sh"),
      `${readFileSync(join(clone, "deploy/upgrade.sh"), "utf8")}\n`,
    );
    const { code, err } = await upgrade();
    expect(code).toBe(1);
    expect(err).toContain("files of the repository were changed here");
  });
});
