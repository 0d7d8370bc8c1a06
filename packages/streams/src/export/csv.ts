/** How a text from outside becomes a cell of CSV. */
export function csvCell(forSpreadsheet: boolean): (text: string) => string {
  return forSpreadsheet ? (text) => quoted(text.replace(FORMULA_START, "'")) : quoted;
}

const SPECIAL = /[",\r\n]/;

/** A cell as RFC 4180 has it. */
export function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Where a cell begins: also after what other settings of a spreadsheet take for the end of one. A plus or
// a minus may begin a number.
const FORMULA_START =
  /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=[=@＝＠＋－]|[+-](?!\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[;\t\r\n]|$)))/g;
