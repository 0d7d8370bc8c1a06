import type { DataPageHeaderV2 } from "hyparquet/src/types.js";
import { type Column, ELEMENTS, ENCODINGS } from "./columns.ts";
import { type OpenedPage, sameLevels, unpack } from "./pages.ts";

/**
 * Checks the header of a page, which the checksum does not cover: all that it says follows from the page itself, but
 * for the rows, which have to be those of the other columns.
 *
 * @returns the rows of a data page; `null` for a dictionary.
 * @throws Error for a page that was not written by `pages.ts`.
 */
export function checkPage({ header, body }: OpenedPage, column: Column): number | null {
  const dictionary = header.dictionary_page_header;
  if (header.type === "DICTIONARY_PAGE" && dictionary !== undefined) {
    const count = entriesOf(unpack(body, header.uncompressed_page_size), column);
    if (dictionary.encoding !== "PLAIN" || dictionary.num_values !== count) throw wrongHeader();
    return null;
  }
  const about = header.data_page_header_v2;
  if (header.type !== "DATA_PAGE_V2" || about === undefined) throw wrongHeader();
  const isRight =
    ELEMENTS[column].repetition_type === "REQUIRED"
      ? isAbout(about, column, 0, 0)
      : [true, false].some((present) => {
          const levels = sameLevels(about.num_rows, present);
          const nulls = present ? 0 : about.num_rows;
          return body.indexOf(levels) === 0 && isAbout(about, column, nulls, levels.length);
        });
  if (!isRight) throw wrongHeader();
  return about.num_rows;
}

function isAbout(about: DataPageHeaderV2, column: Column, nulls: number, levels: number): boolean {
  return (
    about.num_values === about.num_rows &&
    about.num_nulls === nulls &&
    about.encoding === ENCODINGS[column] &&
    about.definition_levels_byte_length === levels &&
    about.repetition_levels_byte_length === 0
  );
}

/** How many entries a dictionary has, in the encoding PLAIN. */
function entriesOf(values: Buffer, column: Column): number {
  if (ELEMENTS[column].type === "INT32") return values.length / 4;
  let count = 0;
  for (let at = 0; at < values.length; count++) at += 4 + values.readUInt32LE(at);
  return count;
}

function wrongHeader(): Error {
  return new Error("its header is wrong");
}
