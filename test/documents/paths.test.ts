import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { COMMANDS } from "../../weir/src/weir.ts";

const PAGES = [
  ...globSync("{README,CONTRIBUTING,SECURITY}.md"),
  ...globSync("{docs/**,standalone,findings,packages/*,services/*}/*.md"),
];
/** Files whose comments name pages, commands and settings. */
const COMMENTED = globSync([
  "*.yml",
  ".env.example",
  "Dockerfile",
  "config/*.example.yaml",
  "deploy/**/*.*",
  "mosquitto/*",
]);

/** What a reader makes, or a command writes: it is not in the repository. */
const MADE_LATER = [
  /^config\/(weir\.yaml|home\.password|dashboard\.password|smtp\.password|agent\.yaml|attic|workflows|my-|heartbeats)/,
  /^bench\/(results|\.cache)/,
];
/** Names that look like settings: of other programs, of examples, and two constants. */
const NO_SETTINGS = ["COMPOSE_FILE", "BARN_PASSWORD", "ON_BATTERY", "ON_MAINS"];

const scripts = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).scripts);
const composeFiles = globSync("docker-compose*.yml").map((file) => readFileSync(file, "utf8"));
const services = composeFiles.flatMap((text) =>
  Object.keys(parse(text, { logLevel: "error" }).services),
);
const commands = Object.keys(COMMANDS);
const variables = new Set([
  ...NO_SETTINGS,
  ...matches(readFileSync(".env.example", "utf8"), /^#?([A-Z][A-Z0-9_]+)=/gm),
  ...composeFiles.flatMap((text) => matches(text, /\$\{([A-Z0-9_]+)/g)),
  ...matches(readFileSync("deploy/grafana/compose.yaml", "utf8"), /\b([A-Z]+(?:_[A-Z]+)+)\b/g),
]);

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match.slice(1).find(Boolean) ?? "");
}

const BLOCK = /^ *```.*?^ *```$/gms;

/** The code of a page, in blocks and in backticks, a line for each. */
function codeOf(markdown: string): string {
  const blocks = markdown.match(BLOCK) ?? [];
  const spans = matches(markdown.replaceAll(BLOCK, ""), /`([^`]+)`/g);
  return [...blocks, ...spans].join("\n").replaceAll(/^ +/gm, "");
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(file: string): string[] {
  const headings = matches(readFileSync(file, "utf8").replaceAll(BLOCK, ""), /^#+ (.*)$/gm);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function wrongLinks(markdown: string, page: string): string[] {
  const links = matches(markdown.replaceAll(BLOCK, ""), /\]\(([^)\s]+)\)/g);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
}

const REPOSITORY_PATH =
  /(?<![\w./<>@-])((?:packages|services|standalone|test|tools|bench|config|docs|deploy|mosquitto|findings|weir\/(?:src|test))\/[\w./*-]+|docker-compose[\w-]*\.yml)/g;

const PAGE = /(docs\/[\w./-]+\.md)/g;

function wrongPaths(code: string): string[] {
  return matches(code, REPOSITORY_PATH)
    .map((path) => path.replace(/[./]+$/, ""))
    .filter((path) => globSync(path).length === 0 && !MADE_LATER.some((made) => made.test(path)));
}

function wrongScripts(text: string): string[] {
  const named = matches(text, /npm run (?:-s |--silent )?([a-z][\w:-]*)/g);
  return named.filter((name) => !scripts.includes(name)).map((name) => `npm run ${name}`);
}

/** Programs in TypeScript that a page has any Node run: an old one cannot, and nothing may be installed. */
function unpinnedPrograms(code: string): string[] {
  return matches(code, /(?:^|`|&& )((?:[A-Z_]+=\S+ )*node (?:--\S+ )*[\w./-]+\.ts)/gm);
}

/** Options of `docker compose` that have a value behind them. */
const WITH_VALUE = ["-f", "--file", "--project-directory", "-s", "--signal", "-v", "-e", "-u"];
const OF_SERVICES = ["exec", "run", "kill", "logs", "restart", "stop", "cp"];

function wrongServices(code: string): string[] {
  return matches(code, /docker compose ([^\n&|;#`]+)/g).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const operands = words.filter(
      (word, at) => !word.startsWith("-") && !WITH_VALUE.includes(words[at - 1] ?? ""),
    );
    const [verb = "", service] = operands;
    if (service === undefined || !OF_SERVICES.includes(verb)) return [];
    const [name = ""] = /^[\w-]+/.exec(service) ?? [];
    return services.includes(name) ? [] : [`docker compose ${line.trim()}`];
  });
}

/** A command line begins a line or a span in backticks, or stands behind one of these. */
const COMMAND = /(?:^|`|npx |npm run weir -- |run --rm |&& |\| )weir ([a-z][\w-]*)/gm;

function wrongCommands(code: string): string[] {
  const named = matches(code, COMMAND);
  return named.filter((name) => !commands.includes(name)).map((name) => `weir ${name}`);
}

function wrongVariables(code: string): string[] {
  const named = matches(code, /(?<![\w/$])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w…])/g);
  return named.filter((name) => !variables.has(name));
}

/** What a page names and Weir does not have. */
function problemsOf(markdown: string, page: string): string[] {
  const code = codeOf(markdown);
  return [
    ...wrongLinks(markdown, page),
    ...wrongPaths(code),
    ...wrongScripts(code),
    ...unpinnedPrograms(code),
    ...wrongServices(code),
    ...wrongCommands(code),
    ...wrongVariables(code),
  ];
}

test.each(PAGES)("%s names links, paths, commands and settings that exist", (page) => {
  expect(problemsOf(readFileSync(page, "utf8"), page)).toEqual([]);
});

/** The files and folders that the first cells of a page's tables name. */
function filesInTables(page: string): string[] {
  const firstCells = matches(readFileSync(page, "utf8"), /^\| ([^|]+) \|/gm);
  return firstCells.flatMap((cell) => matches(cell, /`([\w./-]+)`/g));
}

test.each(globSync("{packages,services}/*/README.md"))("%s lists files of its src", (page) => {
  const missing = filesInTables(page).filter(
    (file) => !existsSync(join(dirname(page), "src", file)),
  );
  expect(missing).toEqual([]);
});

test("CHANGELOG.md has links that exist", () => {
  expect(wrongLinks(readFileSync("CHANGELOG.md", "utf8"), "CHANGELOG.md")).toEqual([]);
});

test("the pages that source and tests name exist", () => {
  const files = globSync("{packages,services,standalone,weir,tools,bench,test}/**/*.{ts,mjs}", {
    exclude: ["**/node_modules", import.meta.filename],
  });
  const named = files.flatMap((file) => matches(readFileSync(file, "utf8"), PAGE));
  expect(named.length).toBeGreaterThan(5);
  expect(wrongPaths(named.join("\n"))).toEqual([]);
});

test.each(COMMENTED)("%s names paths, scripts and services that exist", (file) => {
  const text = readFileSync(file, "utf8");
  expect([...wrongScripts(text), ...wrongServices(text), ...wrongPaths(text)]).toEqual([]);
});

describe("what does not exist is found:", () => {
  test.each([
    ["a file behind a link", "[page](docs/nowhere.md)", "docs/nowhere.md"],
    ["a heading behind a link", "[page](docs/README.md#nowhere)", "docs/README.md#nowhere"],
    ["a path", "see `packages/nowhere/src`", "packages/nowhere/src"],
    ["a path in a block", "```sh\ncat services/logger/main.ts\n```", "services/logger/main.ts"],
    [
      "a program that an old Node cannot run",
      "```sh\nLOG_LEVEL=debug node --inspect tools/schedule.ts\n```",
      "LOG_LEVEL=debug node --inspect tools/schedule.ts",
    ],
    ["a script", "`npm run nothing -- --only kill`", "npm run nothing"],
    ["a service", "```sh\ndocker compose kill -s HUP log\n```", "docker compose kill -s HUP log"],
    ["a command of weir", "```sh\nnpx weir exprot --stream data\n```", "weir exprot"],
    ["a setting", "set `LOGGER_NOTHING=1`", "LOGGER_NOTHING"],
  ])("%s", (_, markdown, problem) => {
    expect(problemsOf(markdown, "README.md")).toEqual([problem]);
  });
});
