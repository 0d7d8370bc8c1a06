import { expect, test } from "@jest/globals";
import { type Contender, evaluate } from "../../comparison.ts";
import { besideItself, checkOut } from "../other-commit.ts";

const contender = (name: string): Contender => ({
  name,
  obstacle: () => null,
  measure: async () => ({}),
});
const caseOf = (...contenders: Contender[]) => ({
  name: "even",
  title: "QoS 1",
  secondsEach: 1,
  contenders,
  claims: [],
});

test("a case beside another commit has the ratio of each figure that was measured, and no target", () => {
  const one = caseOf(contender("Weir"), contender("Python"));
  const compared = besideItself(one, caseOf(contender("Weir")), "main");
  expect(compared.contenders.map(({ name }) => name)).toEqual(["Weir", "Weir at main"]);
  const figures = new Map([
    ["Weir", [{ cpuUs: 6 }]],
    ["Weir at main", [{ cpuUs: 8 }]],
  ]);
  const verdicts = evaluate({ case: compared, figures, skipped: new Map(), failures: [] });
  const measured = verdicts.filter(({ spread }) => spread !== null);
  expect(measured.map(({ claim, spread, isMet }) => [claim.text, spread?.median, isMet])).toEqual([
    ["QoS 1: CPU µs/message, over main", 0.75, null],
  ]);
});

test("what is no commit is named, with what to name instead", async () => {
  await expect(checkOut("no-such-branch", "unused")).rejects.toThrow(
    "--compare: no-such-branch is no commit of this repository; name a branch",
  );
});
