import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { filler } from "../node/templated.ts";

const config = z.strictObject({
  table: z.string().min(1).max(64).describe("one of the file's tables"),
  column: z.string().min(1).max(200).describe("the column to look in"),
  equals: z.string().max(1_000).describe("what must stand there, as a template"),
});

/** Finds a row of a table of the file. Of several that fit it is the first one. */
export const table = defineNode({
  type: "table",
  group: "data",
  summary: "looks up a row of a table",
  config,
  inputs: () => ["in"],
  outputs: () => ["found", "missing"],
  create: ({ table: name, column, equals }, place) => {
    const wantedOf = filler(equals, { isOneLine: true, lengthMax: 1_000 });
    const all = place.table(name);
    const rows = new Map<string, Readonly<Record<string, unknown>>>();
    for (const row of all) {
      const cell = row[column];
      if (cell === undefined || cell === null || rows.has(String(cell))) continue;
      rows.set(String(cell), row);
    }
    if (rows.size === 0) {
      const columns = [...new Set(all.flatMap(Object.keys))];
      throw new Error(
        `table ${name} has no column ${column}; it has ${columns.join(", ") || "none"}`,
      );
    }
    return {
      take: (_input, data, step) => {
        const wanted = wantedOf(data, step);
        const row = rows.get(wanted);
        step.note({ [column]: wanted });
        if (row === undefined) step.emit("missing", data);
        else step.emit("found", data, row);
      },
    };
  },
});
