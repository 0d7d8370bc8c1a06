import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { flow as dashboard } from "@weir/dashboard/dashboard";
import { flow as deviceAgent } from "@weir/device-agent";
import { flow as logger } from "@weir/logger/logger";
import type { Flow } from "@weir/protocol";
import { flow as publisher } from "@weir/publisher/publisher";
import { flow as stats } from "@weir/stats/stats";
import { flow as statsPrinter } from "@weir/stats-printer/stats-printer";
import { flow as workflows } from "@weir/workflows/workflows";

/** Programs that a person runs, and devices, which come and go; and the broker itself. */
const OTHERS = ["audit", "anyone", "broker"];
const flows: Record<string, Flow> = {
  publisher,
  logger,
  stats,
  "stats-printer": statsPrinter,
  "device-agent": deviceAgent,
  dashboard,
  workflows,
};

interface TopicRow {
  topic: string;
  from: string[];
  to: string[];
}

/** The rows of the page's table. */
function topicRows(): TopicRow[] {
  const page = readFileSync("docs/reference/topics.md", "utf8");
  return page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      const names = (cell: string | undefined) =>
        (cell ?? "").split(",").map((name) => name.trim());
      return {
        topic: /`([^`]+)`/.exec(cells[1] ?? "")?.[1] ?? "",
        from: names(cells.at(-3)),
        to: names(cells.at(-2)),
      };
    });
}

describe("the table of docs/reference/topics.md", () => {
  test.each(Object.keys(flows))("says what %s publishes and subscribes to", (service) => {
    const rows = topicRows();
    expect(flows[service]).toEqual({
      subscribes: rows.filter(({ to }) => to.includes(service)).map(({ topic }) => topic),
      publishes: rows.filter(({ from }) => from.includes(service)).map(({ topic }) => topic),
    });
  });

  test("names no service that is not there", () => {
    const named = topicRows().flatMap(({ from, to }) => [...from, ...to]);
    expect(named.filter((name) => !(name in flows) && !OTHERS.includes(name))).toEqual([]);
  });
});
