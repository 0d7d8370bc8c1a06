/** Pieces of text that mean something to a terminal, and others that do not: to be joined in any order. */
export const HOSTILE_PIECES: readonly string[] = [
  // C0, DEL and C1, one by one.
  ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x21 }, (_, code) => String.fromCharCode(0x7f + code)),
  // Sequences: clear the screen, move up, a title, a link, what an answer back is asked with.
  "\u001b[2J",
  "\u001b[1A\r",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://localhost/\u001b\\",
  "\u009b6n",
  "\u001bP$q\u001b\\",
  // Directions, ends of lines and of paragraphs, halves of characters.
  ..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
  "\u2028",
  "\u2029",
  "\ud800",
  "\udc00",
  // What has to stay readable.
  "kitchen/temp",
  "grün 温度 😀",
  "\\n",
  '"',
  ",",
  "=1+1",
];

/** Whatever of it a terminal must not get from outside; our own lines end with a line feed. */
export const STEERS_TERMINAL: RegExp =
  /[^\P{Cc}\n]|[\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
