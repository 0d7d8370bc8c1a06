const SIGNIFICANT_DIGITS = 6;

/**
 * A number as the old printer showed it: six significant digits, without trailing zeros, exponents
 * where C's `%g` has them; `-` where there is none.
 */
export function numberText(value: number | null): string {
  if (value === null) return "-";
  if (value === 0) return "0";
  const [mantissa = "", exponentText = "0"] = value
    .toExponential(SIGNIFICANT_DIGITS - 1)
    .split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= SIGNIFICANT_DIGITS) {
    const sign = exponent < 0 ? "-" : "+";
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return withoutTrailingZeros(value.toFixed(SIGNIFICANT_DIGITS - 1 - exponent));
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
