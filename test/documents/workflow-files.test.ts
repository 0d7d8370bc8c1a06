import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parseWorkflowFile } from "@weir/flows";

const PAGE = "docs/reference/workflows.md";

test(`the workflows of ${PAGE} are valid`, () => {
  const page = readFileSync(PAGE, "utf8");
  const texts = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => text);
  expect(texts.length).toBeGreaterThan(1);
  for (const text of texts) expect(parseWorkflowFile(text, "page").problems).toEqual([]);
});
