#!/usr/bin/env bash
# cbor 10.0.12 encodes an object as one byte under Node 26.10.0. Under Node 20.20.2
# the same call returns the whole object. cbor-x 1.6.9 is right under both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts cbor@10.0.12 cbor-x@1.6.9 >/dev/null
cat >probe.mjs <<'JS'
import cbor from "cbor";
import { encode } from "cbor-x";
const reading = { temperature: 21.5 };
console.log(`cbor ${cbor.encode(reading).length} bytes, cbor-x ${encode(reading).length} bytes`);
JS
seen=$(for version in 20.20.2 26.10.0; do
  npm install --silent --no-save --no-audit --no-fund --ignore-scripts "node@$version" >/dev/null
  npm rebuild --silent node --ignore-scripts=false >/dev/null
  printf 'Node %s: %s\n' "$version" "$(node_modules/.bin/node probe.mjs)"
done)
printf '%s\n' "$seen"
expected='Node 20.20.2: cbor 18 bytes, cbor-x 24 bytes
Node 26.10.0: cbor 1 bytes, cbor-x 24 bytes'
[ "$seen" = "$expected" ] || { echo 'CHANGED: cbor behaves differently now'; exit 1; }
echo 'as found: cbor 10.0.12 writes one byte under Node 26'
