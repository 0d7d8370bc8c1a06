import { describe, expect, test } from "@jest/globals";
import type { CheckedText, WorkflowFile } from "@weir/flows/contract";
import {
  answered,
  draftOf,
  drawn,
  isChanged,
  needsCheck,
  opened,
  restored,
  stored,
  takenBack,
  typed,
} from "../../pages/canvas/editing.ts";
import { moved, withFlow, without } from "../../pages/canvas/model.ts";
import { drawnFlow } from "./drawn-flow.ts";

const FLOW = drawnFlow("freezer", ["warm", "mail"], ["warm.yes -> mail.in"]);
const FILE: WorkflowFile = {
  file: "freezer",
  text: "the text",
  flows: [FLOW],
  layout: { freezer: { warm: { x: 0, y: 0 }, mail: { x: 300, y: 0 } } },
  revision: "1",
  problems: [],
  notes: [],
  invalid: [],
};
const EMPTY = { flows: [], problems: [], notes: [], invalid: [] };
const answer = (parts: Partial<CheckedText>): CheckedText => ({ text: "", ...EMPTY, ...parts });
const move = { flow: "freezer", node: "mail", place: { x: 400, y: 0 } };

describe("the work on a file", () => {
  test("begins without changes, also without a layout or a file", () => {
    for (const file of [FILE, { ...FILE, layout: {} }, null]) {
      expect(isChanged(opened(file))).toBe(false);
      expect(needsCheck(opened(file))).toBe(false);
    }
  });

  test("a moved box is a change, without a check", () => {
    const editing = drawn(opened(FILE), moved(FILE, [move]));
    expect([isChanged(editing), needsCheck(editing)]).toEqual([true, false]);
    expect(isChanged(takenBack(editing))).toBe(false);
    expect(isChanged(restored(takenBack(editing)))).toBe(true);
  });

  test("a changed workflow has the text that the check gives it", () => {
    const asked = drawn(opened(FILE), withFlow(FILE, "attic"));
    expect([isChanged(asked), needsCheck(asked)]).toEqual([true, true]);
    const { flows } = draftOf(asked);
    const editing = answered(
      asked,
      draftOf(asked),
      answer({ text: "more text", flows: [...flows] }),
    );
    expect(draftOf(editing)).toMatchObject({ text: "more text", isTextBehind: false });
    expect(needsCheck(editing)).toBe(false);
  });

  test("an answer about an older draft changes nothing", () => {
    const first = drawn(opened(FILE), withFlow(FILE, "attic"));
    const second = drawn(first, withFlow(draftOf(first), "cellar"));
    expect(answered(second, draftOf(first), answer({ text: "old", problems: ["x"] }))).toBe(second);
  });

  test("going back restores the text with its comments, and asks only where it is not known", () => {
    const first = drawn(
      opened(FILE),
      without(FILE, { nodes: [{ flow: "freezer", node: "mail" }] }),
    );
    const second = drawn(first, withFlow(draftOf(first), "cellar"));
    const { flows } = draftOf(second);
    const third = answered(second, draftOf(second), answer({ text: "shorter", flows: [...flows] }));
    expect(draftOf(takenBack(third))).toMatchObject({ text: "the text", isTextBehind: true });
    expect(draftOf(takenBack(takenBack(third)))).toMatchObject({
      text: "the text",
      isTextBehind: false,
    });
  });

  test("changes of one key are taken back together", () => {
    const letters = ["c", "ce", "cel"].reduce(
      (editing, name) => drawn(editing, withFlow(FILE, name), "name"),
      opened(FILE),
    );
    expect(draftOf(letters).flows.at(-1)?.name).toBe("cel");
    expect(draftOf(takenBack(letters)).flows).toEqual([FLOW]);
  });

  test("a typed text that cannot be read leaves the drawing as it was", () => {
    const asked = typed(opened(FILE), "flows: [");
    expect(needsCheck(asked)).toBe(true);
    const broken = answered(asked, draftOf(asked), answer({ text: "flows: [", problems: ["no"] }));
    expect(draftOf(broken)).toMatchObject({ isUnreadable: true, flows: [FLOW] });
    const asked2 = typed(broken, "flows: {}");
    const mended = answered(asked2, draftOf(asked2), answer({ text: "flows: {}" }));
    expect(draftOf(mended)).toMatchObject({ isUnreadable: false, flows: [] });
  });

  test("what was saved is no change any more, and can still be taken back", () => {
    const changed = drawn(opened(FILE), moved(FILE, [move]));
    const { layout } = draftOf(changed);
    const editing = stored(changed, { ...FILE, layout, revision: "2" });
    expect(isChanged(editing)).toBe(false);
    expect(editing.saved.revision).toBe("2");
    expect(isChanged(takenBack(editing))).toBe(true);
  });
});
