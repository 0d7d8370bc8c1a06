// Copies what one package of the workspace needs to run, and nothing else, out of an installed workspace:
//   node tools/production-tree.mjs @weir/logger /tree
// npm installs for a workspace more than what that depends on: what belongs to the others' tests, too.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const [packageName, target] = process.argv.slice(2);
const root = process.cwd();
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Where Node.js finds a package from a folder, as it stands in node_modules: a link for one of the workspace. */
function find(name, from) {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(found)) return found;
  }
  return null;
}

const isCopied = new Set();

function take(place) {
  if (isCopied.has(place)) return;
  isCopied.add(place);
  const into = join(target, relative(root, place));
  mkdirSync(dirname(into), { recursive: true });
  if (lstatSync(place).isSymbolicLink()) {
    symlinkSync(readlinkSync(place), into);
    take(realpathSync(place));
    return;
  }
  const isOurs = !place.includes("node_modules");
  cpSync(place, into, {
    recursive: true,
    filter: (path) => path === place || (isOurs ? isOurSource(path) : isRun(path)),
  });
  const { dependencies = {}, optionalDependencies = {} } = manifestOf(place);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    // Types are for who writes code.
    if (name.startsWith("@types/")) continue;
    const found = find(name, place);
    if (found !== null) take(found);
    else if (!(name in optionalDependencies))
      throw new Error(`${name}, for ${place}, is not there`);
  }
}

/** What is built of the pages comes from elsewhere. */
function isOurSource(path) {
  return !["node_modules", "test", "pages", "vite.config.ts"].includes(basename(path));
}

/** What depends on is taken by itself; types, sources of what was compiled and texts are not run. */
function isRun(path) {
  return basename(path) !== "node_modules" && !/\.(ts|mts|cts|map|md|flow)$/.test(path);
}

const { name, version, license, type } = manifestOf(root);
take(find(packageName, root));
// The user's own files in /app/config are modules of this package.
writeFileSync(join(target, "package.json"), JSON.stringify({ name, version, license, type }));
