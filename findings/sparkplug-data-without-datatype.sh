#!/usr/bin/env bash
# sparkplug-payload 1.0.3 decodes a metric of a DATA message without a value where the message leaves out the datatype.
# Sparkplug B 3.0 asks for that: the datatype stands in the birth, and DATA has the alias and the value alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts sparkplug-payload@1.0.3 >/dev/null
cat >probe.cjs <<'JS'
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");
// A metric with alias 1 and double_value 21.5; then the same with datatype 10, Double.
const bare = Buffer.from("120b1001690000000000803540", "hex");
const typed = Buffer.from("120d1001200a690000000000803540", "hex");
for (const [name, bytes] of Object.entries({ bare, typed })) {
  const [{ value }] = decodePayload(bytes).metrics;
  console.log(`${name}: ${value}`);
}
JS
seen=$(node probe.cjs)
printf '%s\n' "$seen"
expected='bare: null
typed: 21.5'
[ "$seen" = "$expected" ] || { echo 'CHANGED: sparkplug-payload decodes such metrics differently now'; exit 1; }
echo 'as found: a metric without its datatype has no value'
