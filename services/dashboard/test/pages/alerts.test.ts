import { expect, test } from "@jest/globals";
import type { Alert } from "@weir/flows/contract";
import {
  alertTone,
  clearedWords,
  inOrder,
  matching,
  newCount,
} from "../../pages/alerts/alert-words.ts";

function alert(id: number, change: Partial<Alert> = {}): Alert {
  return {
    id,
    flow: "freezer-warm",
    node: "alert",
    key: "devices:devices/freezer",
    severity: "warning",
    title: `Alert ${id}`,
    state: "new",
    raisedMs: id,
    acknowledgedMs: null,
    acknowledgedBy: null,
    clearedMs: null,
    clearedBy: null,
    run: id,
    ...change,
  };
}

test("new alerts come before those that somebody looks after, the worst first, then the newest", () => {
  const alerts = [
    alert(1, { severity: "critical", state: "acknowledged" }),
    alert(2, { severity: "info" }),
    alert(3),
    alert(4),
    alert(5, { severity: "critical" }),
  ];
  expect(inOrder(alerts).map(({ id }) => id)).toEqual([5, 4, 3, 2, 1]);
});

test("all severities are counted; nothing is while they are not known", () => {
  expect(newCount({ info: 1, warning: 2, critical: 3 })).toBe(6);
  expect(newCount(null)).toBe(0);
});

test("a search finds all its words in title, device and workflow, in any case of letters", () => {
  const alerts = [
    alert(1, { title: "Freezer is at −9 °C" }),
    alert(2, { title: "Attic is silent", flow: "silent", key: "devices:devices/attic" }),
  ];
  const ids = (text: string, severity: string | null = null): number[] =>
    matching(alerts, text, severity).map(({ id }) => id);
  expect(ids("")).toEqual([1, 2]);
  expect(ids(" ATTIC silent ")).toEqual([2]);
  expect(ids("freezer-warm")).toEqual([1]);
  expect(ids("attic warm")).toEqual([]);
  expect(ids("", "critical")).toEqual([]);
});

test("an alert that is over has no alarming shape; who has cleared it is said", () => {
  expect(alertTone(alert(1, { severity: "critical" }))).toBe("problem");
  expect(alertTone(alert(1, { severity: "critical", state: "cleared" }))).toBe("quiet");
  expect(clearedWords(alert(1, { clearedBy: "admin" }))).toBe("by admin");
  expect(clearedWords(alert(1, { clearedBy: "workflow freezer-warm" }))).toBe("by itself");
});
