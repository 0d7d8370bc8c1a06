/** Twice what a payload of 256 KiB becomes when each of its characters is a quote. */
const RECORD_LENGTH_MAX = 2 ** 20;

/** What stands in one line of a recording. */
export interface LineRecord {
  /** From 1 on; of a record with line breaks in its quotes the first. */
  line: number;
  /** `null` for what cannot be read. */
  record: unknown;
}

/** The lines of a text, without their ends. One at a time: there may be millions. */
export function* lines(text: string): Generator<{ line: number; text: string }> {
  let line = 1;
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    const to = end === -1 ? text.length : end;
    yield { line, text: text.slice(from, text[to - 1] === "\r" ? to - 1 : to) };
    from = to + 1;
    line += 1;
  }
}

/**
 * The records of CSV as RFC 4180 has it, as objects by the names in its first line; where that begins with
 * a number there are no names, and each record is its first field.
 */
export function* csvRecords(text: string): Generator<LineRecord> {
  let names: readonly string[] | null = null;
  for (const { line, fields } of csvFields(text)) {
    if (fields === null) {
      yield { line, record: null };
      continue;
    }
    const [first = ""] = fields;
    if (fields.length === 1 && first === "") continue;
    if (line === 1 && (first.trim() === "" || Number.isNaN(Number(first)))) names = fields;
    else yield { line, record: names === null ? first : recordOf(names, fields) };
  }
}

/** A column alone is the number, whatever it is called. */
function recordOf(names: readonly string[], fields: readonly string[]): unknown {
  const named = names.map((name, index) => [name.trim(), fields[index]] as const);
  const record = Object.fromEntries(named);
  return names.length === 1 ? { ...record, number: fields[0] } : record;
}

/**
 * A record goes on into the next line for as long as a quote is open. One that becomes too long is `null`:
 * its quote was forgotten, and the next line is a record again.
 */
function* csvFields(text: string): Generator<{ line: number; fields: string[] | null }> {
  const open = { line: 1, text: "", isOpen: false };
  for (const { line, text: written } of lines(text)) {
    if (!open.isOpen) Object.assign(open, { line, text: written });
    else open.text += `\n${written}`;
    if (written.split('"').length % 2 === 0) open.isOpen = !open.isOpen;
    const isTooLong = open.text.length > RECORD_LENGTH_MAX;
    if (isTooLong) open.isOpen = false;
    if (!open.isOpen) yield { line: open.line, fields: isTooLong ? null : fieldsOf(open.text) };
  }
  if (open.isOpen) yield { line: open.line, fields: null };
}

const FIELD = /,(?:"([^"]*(?:""[^"]*)*)"|([^,]*))/g;

function fieldsOf(record: string): string[] {
  return [...`,${record}`.matchAll(FIELD)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}
