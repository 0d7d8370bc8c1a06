import { describe, expect, test } from "@jest/globals";
import { Template, type TemplateOptions } from "../../src/expressions/template.ts";

const DATA = {
  value: 0.1 + 0.2,
  title: "<b>& Söhne</b>",
  payload: {
    rooms: [{ name: "hall" }, { name: "attic" }],
    on: true,
    count: 12,
    empty: [],
    sinceMs: 1795830861485,
    farMs: 1e300,
  },
};

function text(source: string, options?: TemplateOptions): string {
  return new Template(source, options).render(DATA).text;
}

describe("a template", () => {
  test.each([
    ["{{value}} °C", "0.3 °C"],
    ["{{title}} {{{title}}} {{&title}}", `${DATA.title} ${DATA.title} ${DATA.title}`],
    ["{{payload.count}} {{payload.on}}", "12 true"],
    ["{{#payload.rooms}}{{name}}, {{/payload.rooms}}", "hall, attic, "],
    ["{{#payload}}{{count}} {{title}}{{/payload}}", `12 ${DATA.title}`],
    ["{{^payload.empty}}none{{/payload.empty}}", "none"],
    ["since {{payload.sinceMs.utc}}", "since 2026-11-28 01:54:21 UTC"],
    ["[{{payload.farMs.utc}}{{title.utc}}]", "[]"],
    ["{{payload.rooms}}", '[{"name":"hall"},{"name":"attic"}]'],
  ])("writes plain text: %s", (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  test("leaves the place of an unknown name empty, and names it", () => {
    const rendered = new Template("[{{nothing}}][{{payload.x.y}}]").render(DATA);
    expect(rendered).toEqual({ text: "[][]", unknown: ["nothing", "payload.x.y"], isCut: false });
  });

  test("runs nothing that is in the data, or that its values inherit", () => {
    expect(text("[{{payload.rooms.pop}}{{title.bold}}{{constructor}}{{payload.toString}}]")).toBe(
      "[]",
    );
    expect(DATA.payload.rooms).toHaveLength(2);
    const lambda = new Template("[{{call}}{{#call}}x{{/call}}]").render({
      call: () => {
        throw new Error("it ran");
      },
    });
    expect(lambda.text).toBe("[x]");
  });

  test("has no line breaks where it is for one line", () => {
    const subject = new Template("Alarm {{who}}", { isOneLine: true });
    expect(subject.render({ who: "a\r\nBcc: x@example.org\u2028b\u0000" }).text).toBe(
      "Alarm a Bcc: x@example.org b",
    );
  });

  test("ends early where it gets too long", () => {
    const cut = new Template("{{long}}", { lengthMax: 10 }).render({ long: "a".repeat(100) });
    expect(cut).toEqual({ text: "aaaaaaaaaa", unknown: [], isCut: true });
    const list = Array.from({ length: 300 }, () => ({}));
    const nested = new Template("{{#list}}{{#list}}{{/list}}{{/list}}");
    expect(nested.render({ list }).text).toBe("");
    const busy = new Template("{{#list}}{{#list}}{{x}}{{/list}}{{/list}}");
    expect(busy.render({ list }).isCut).toBe(true);
  });

  test.each([
    ["{{#a}}x", "Unclosed section"],
    ["{{a", "Unclosed tag"],
    ["{{> other}}", "a template takes in no other one"],
    ["a".repeat(20_001), "a template has at most 20000 characters"],
  ])("is refused when it is not valid", (source, problem) => {
    expect(() => new Template(source)).toThrow(problem);
  });
});
