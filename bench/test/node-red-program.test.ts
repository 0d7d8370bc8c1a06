import { expect, test } from "@jest/globals";
import { freePort, temporaryFolder } from "@weir/testkit";
import { installNodeRed } from "../node-red-program.ts";

test("a Node-RED that cannot be installed is skipped with the reason that npm gives", async () => {
  using folder = temporaryFolder();
  const home = folder.file("node-red");
  const registry = `http://127.0.0.1:${await freePort()}/`;
  const env = { ...process.env, npm_config_registry: registry, npm_config_fetch_retries: "0" };
  const obstacle = installNodeRed({ home, env });
  expect(obstacle).toContain(`npm install node-red@5.0.7 failed in ${home}: code ECONNREFUSED`);
  expect(obstacle).not.toContain("\n");
});

test("a missing npm is named as the reason", () => {
  using folder = temporaryFolder();
  const env = { PATH: folder.path };
  expect(installNodeRed({ home: folder.file("node-red"), env })).toContain("spawnSync npm ENOENT");
});
