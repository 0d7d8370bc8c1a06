// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the grammar of .env has them, too.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { loadEnvironment } from "@weir/runtime";
import { faultOf, hasDocker, problemsIn, temporaryFolder } from "@weir/testkit";

const ENVIRONMENT = { SET: "set", EMPTY: "", MONEY: "$SET" };

/** What stands after KEY in a line, and its value. */
const VALUES: readonly (readonly [string, string])[] = [
  ["=plain", "plain"],
  ["=", ""],
  ["=a#b", "a#b"],
  ["=abc#123", "abc#123"],
  ["=#1", "#1"],
  ["=a #b", "a"],
  ["=a\t#b", "a\t#b"],
  ["= # b", "# b"],
  ["='a #b' # comment", "a #b"],
  ['="a #b"# comment', "a #b"],
  [" = spaces around it  ", "spaces around it"],
  [" =\ttabs\t", "tabs"],
  [": like YAML", "like YAML"],
  ["=a=b:c", "a=b:c"],
  ["=it's", "it's"],
  ['=5" nails', '5" nails'],
  ["=`ticks`", "`ticks`"],
  ["=''", ""],
  ["='$SET ${SET} $$'", "$SET ${SET} $$"],
  ["='a\\nb\\\\'", "a\\nb\\\\"],
  ["='it\\'s'", "it's"],
  ['="a\\nb\\tc\\\\d\\"e"', 'a\nb\tc\\d"e'],
  ['="\\a\\b\\f\\r\\v\\q\\c"', "\x07\b\f\r\v\\q\\c"],
  ['="\\0101\\012\\0\\0999"', "A\\12\\\\999"],
  ['="\\$SET $$SET"', "$SET $SET"],
  ["=a\\nb\\$", "a\\nb\\$"],
  ["=C:\\data\\weir.db", "C:\\data\\weir.db"],
  ["='two\nlines # no comment'", "two\nlines # no comment"],
  ['="two\r\nlines"', "two\r\nlines"],
  ["=$SET", "set"],
  ['="${SET}s"', "sets"],
  ["=${SET}${EMPTY}$SET", "setset"],
  ["=$MONEY", "$SET"],
  ["=$FIRST and $LAST", "first and last"],
  ["=$UNSET.", "."],
  ["=pa$$word", "pa$word"],
  ["=$1 $ $-", "$1 $ $-"],
  ["=${UNSET:-x} ${EMPTY:-x} ${SET:-x}", "x x set"],
  ["=${UNSET-x} ${EMPTY-x} ${SET-x}", "x  set"],
  ["=${UNSET:+x} ${EMPTY:+x} ${SET:+x}", "  x"],
  ["=${UNSET+x} ${EMPTY+x} ${SET+x}", " x x"],
  ["=${SET:?gone}", "set"],
  ["=${UNSET:-${EMPTY:-$SET-}}}", "set-}"],
  ["=${UNSET:-{}}", "{}"],
  ["=${UNSET:-http://[::1]:80/}", "http://[::1]:80/"],
  ["=grüße 🌊", "grüße 🌊"],
];

/** Whole files, with what they give KEY. */
const FILES: readonly (readonly [string, string, string | undefined])[] = [
  ["begins with a byte order mark", "\uFEFFKEY=value\n", "value"],
  ["has the line ends of Windows", "#\r\nKEY=value \r\nOTHER='x'\r\n", "value"],
  ["ends without a line end", "KEY=value", "value"],
  ["has export before the key", "export KEY=value\nexport\tOTHER=x\n", "value"],
  ["has the key twice", "KEY=one\nKEY=two$KEY\n", "twoone"],
  ["has comments and indented keys", "# KEY=no\n\n  #KEY=no\n \tKEY=value\n", "value"],
  ["has two keys in a line", "OTHER='x' KEY=value\n", "value"],
  ["has the key alone", "KEY\nOTHER=x\n", undefined],
  ["has a value that the environment has, too", "SET=mine\nKEY=$SET\n", "set"],
];

/** What Compose refuses, and what is said about it. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["\nTWO WORDS=x\n", '.env:2: "TWO WORDS" is no name of a variable'],
  ["A=1\nKEY(=x\n", '.env:2: "KEY(" is no name of a variable'],
  ["A='\n'\nKEY='x\nB=2\n", ".env:3: KEY: the quote ' is never closed"],
  ["KEY=${SET\n", ".env:1: KEY: after ${ there is no name with its }"],
  ["KEY=a${1}\n", ".env:1: KEY: after ${ there is no name with its }"],
  ["KEY=${UNSET:?set it}\n", ".env:1: KEY: it needs UNSET, which is not set (set it)"],
];

const CORPUS = `FIRST=first\nLAST=$FIRST\nLAST=last\n${VALUES.map(([line], at) => `KEY_${at}${line}\n`).join("")}`;
const EXPECTED = Object.fromEntries(VALUES.map(([, value], at) => [`KEY_${at}`, value]));

/** What `.env` means to us. */
function read(text: string) {
  using folder = temporaryFolder();
  const file = folder.file(".env");
  writeFileSync(file, text);
  return loadEnvironment(file, ENVIRONMENT);
}

describe("the file .env", () => {
  test("has quotes, comments, escapes, several lines and names of variables", () => {
    expect(read(CORPUS)).toMatchObject(EXPECTED);
  });

  test.each(FILES)("is read where it %s", (_, text, value) => {
    expect(read(text).KEY).toBe(value);
  });

  test.each(REFUSED)("is refused with line and key: %j", (text, problem) => {
    const [found = ""] = problemsIn(() => read(text));
    expect(found).toContain(problem);
  });

  test("reports all of its problems at once", () => {
    expect(problemsIn(() => read("A B\nC=${\nD=1\nE='"))).toHaveLength(3);
  });

  test("may have NULs at its end, and may be missing", () => {
    expect(read("KEY=value\0\0")).toEqual({ ...ENVIRONMENT, KEY: "value" });
    expect(loadEnvironment("no such file", ENVIRONMENT)).toEqual(ENVIRONMENT);
  });

  test("is refused where it cannot be read", () => {
    using folder = temporaryFolder();
    expect(faultOf(() => loadEnvironment(folder.path))).toMatchObject({ exitCode: 78 });
  });

  test("loses to the environment of the process", () => {
    expect(read("SET=mine\nEMPTY=mine\nKEY=mine\n")).toEqual({ ...ENVIRONMENT, KEY: "mine" });
  });
});

const withCompose = hasDocker() ? describe : describe.skip;

withCompose("Compose reads the file .env", () => {
  /** What it means to Compose. @throws when it is refused. */
  function composed(text: string, keys: readonly string[]): Record<string, string | null> {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), text);
    const services = {
      weir: { image: "weir", environment: Object.fromEntries(keys.map((key) => [key, null])) },
    };
    writeFileSync(folder.file("compose.yaml"), JSON.stringify({ services }));
    const { PATH, HOME } = process.env;
    const output = execFileSync("docker", ["compose", "config", "--format", "json"], {
      cwd: folder.path,
      env: { PATH, HOME, ...ENVIRONMENT },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // The output is a file of Compose itself, where a dollar sign is written twice.
    return JSON.parse(String(output).replaceAll("$$", "$")).services.weir.environment;
  }

  test("with the same values", () => {
    expect(composed(CORPUS, Object.keys(EXPECTED))).toEqual(EXPECTED);
  });

  test.each(FILES)("where it %s", (_, text, value) => {
    expect(composed(text, ["KEY"])).toEqual({ KEY: value ?? null });
  });

  test.each(REFUSED)("and refuses %j", (text) => {
    expect(() => composed(text, ["KEY"])).toThrow("failed to read");
  });
});
