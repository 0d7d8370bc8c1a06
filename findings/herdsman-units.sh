#!/usr/bin/env bash
# zigbee-herdsman-converters 26.112.0: one property has different units on different devices, so its name alone does not
# give a unit. `voltage` is V on some devices and mV on others, `pressure` is hPa or kPa. And of some binaries the words are
# reversed: `value_on` is the word that says off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts zigbee-herdsman-converters@26.112.0 >/dev/null
cat >probe.cjs <<'JS'
const { readdirSync } = require("node:fs");
const { prepareDefinition } = require("zigbee-herdsman-converters");
const root = "node_modules/zigbee-herdsman-converters/dist/devices";
const device = { isDummyDevice: true };
const units = { voltage: {}, pressure: {} };
let reversed = 0;
const walk = (expose) => {
  if (expose.features) expose.features.forEach(walk);
  const counts = units[expose.property];
  if (counts && expose.unit) counts[expose.unit] = (counts[expose.unit] ?? 0) + 1;
  const words = [expose.value_on, expose.value_off].map((word) => String(word).toUpperCase());
  if (expose.type === "binary" && ["OFF,ON", "UNLOCK,LOCK"].includes(String(words))) reversed += 1;
};
for (const file of readdirSync(root).filter((name) => /^(?!index).*\.js$/.test(name))) {
  for (const definition of require(`./${root}/${file}`).definitions ?? []) {
    const { exposes } = prepareDefinition(definition);
    (typeof exposes === "function" ? exposes(device, {}) : (exposes ?? [])).forEach(walk);
  }
}
for (const [property, counts] of Object.entries(units)) {
  const sorted = Object.entries(counts).sort(([one], [other]) => (one < other ? -1 : 1));
  console.log(`${property}: ${sorted.map(([unit, count]) => `${count} ${unit}`).join(", ")}`);
}
console.log(`reversed words: ${reversed}`);
JS
seen=$(node probe.cjs)
printf '%s\n' "$seen"
expected='voltage: 304 V, 297 mV
pressure: 10 hPa, 26 kPa
reversed words: 9'
[ "$seen" = "$expected" ] || { echo 'CHANGED: the units or words of zigbee-herdsman-converters differ now'; exit 1; }
echo 'as found: neither a name gives a unit, nor value_on the word that says on'
