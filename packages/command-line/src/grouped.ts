/** A number with its thousands apart. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}
