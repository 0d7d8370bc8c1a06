// `npm run sbom`: the software bill of materials of what the services install, as CycloneDX, out of
// package-lock.json. `npm sbom --omit dev` would leave out each package that is also one of the root's
// devDependencies (npm 11), zod among them; so everything is listed, and what no service needs is taken out.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import "./closed-pipe.mjs";
import { ROOT } from "./install.mjs";

const isWindows = process.platform === "win32";
const { stdout, status } = spawnSync(
  isWindows ? "npm.cmd" : "npm",
  ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"],
  { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, shell: isWindows },
);
if (status !== 0) {
  process.stderr.write("weir: npm sbom fails. It needs npm 9.5 or newer.\n");
  process.exit(1);
}
const bill = JSON.parse(stdout);
const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));

const isService = (folder) => folder === "standalone" || folder.startsWith("services/");
const workspaces = Object.entries(packages).filter(
  ([folder, { name }]) => name !== undefined && !folder.includes("node_modules/") && folder !== "",
);
const services = workspaces
  .filter(([folder]) => isService(folder))
  .map(([, { name, version }]) => `${name}@${version}`);
const manifests = new Map(workspaces.map(([, manifest]) => [manifest.name, manifest]));
const nameOf = (ref) => ref.slice(0, ref.lastIndexOf("@"));

/** npm lists what a workspace needs for its tests, too. */
function runtimeOnly({ ref, dependsOn }) {
  const manifest = manifests.get(nameOf(ref));
  if (manifest === undefined) return dependsOn;
  return dependsOn.filter((one) => Object.hasOwn(manifest.dependencies ?? {}, nameOf(one)));
}

/** Types are for who writes code; the images have none. */
const isTypes = (ref) => ref.startsWith("@types/");
const dependsOn = new Map(bill.dependencies.map((one) => [one.ref, runtimeOnly(one)]));
const needed = new Set(services);
for (const ref of needed) {
  for (const next of dependsOn.get(ref) ?? []) if (!isTypes(next)) needed.add(next);
}

// npm calls it by the name of its folder.
bill.metadata.component.name = packages[""].name;
bill.components = bill.components.filter((one) => needed.has(one["bom-ref"]));
bill.dependencies = [
  { ref: bill.metadata.component["bom-ref"], dependsOn: services },
  ...[...needed].map((ref) => ({
    ref,
    dependsOn: (dependsOn.get(ref) ?? []).filter((one) => needed.has(one)),
  })),
];
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
