#!/usr/bin/env bash
# Mosquitto 2.1.2 refuses to start with a password file whose PBKDF2 hash ($7$) has a salt of another length than 12 or
# 64 bytes; 2.0.11, as in Debian 12, starts, and refuses users whose salt does not have 12. It needs Docker; the part about
# 2.0.11 runs where that is installed.
set -euo pipefail
folder=$(mktemp -d)
broker=weir-finding-$$
trap 'docker rm --force "$broker" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts mqtt@5.16.0 >/dev/null
cat >passwords.mjs <<'JS'
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

const salt = randomBytes(Number(process.argv[2]));
const hash = pbkdf2Sync("secret", salt, 101, 64, "sha512");
writeFileSync("passwords", `meter:$7$101$${salt.toString("base64")}$${hash.toString("base64")}\n`);
JS
cat >connect.mjs <<'JS'
import mqtt from "mqtt";

const options = { username: "meter", password: "secret", reconnectPeriod: 0, connectTimeout: 5000 };
try {
  const client = await mqtt.connectAsync(process.argv[2], options);
  console.log("accepted");
  await client.endAsync();
} catch (error) {
  console.log(error.code === 5 || error.code === 135 ? "refused" : error.message);
}
JS
open_port() { for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done; return 1; }
seen=''
for bytes in 12 16 32 64; do
  node passwords.mjs "$bytes"
  printf 'listener 1883\npassword_file /finding/passwords\nallow_anonymous false\n' >mosquitto.conf
  chmod 755 . && chmod 644 mosquitto.conf passwords
  docker run --detach --name "$broker" --publish 127.0.0.1::1883 --volume "$folder:/finding:ro" \
    eclipse-mosquitto:2.1 mosquitto -c /finding/mosquitto.conf >/dev/null
  result='does not start'
  for _ in $(seq 50); do
    log=$(docker logs "$broker" 2>&1)
    case $log in
      *'Unable to decode line in password file'*) break ;;
      *' running'*)
        port=$(docker port "$broker" 1883/tcp | head -1 | sed 's/.*://')
        open_port "$port" && result=$(timeout 30 node connect.mjs "mqtt://127.0.0.1:$port")
        break
        ;;
    esac
    sleep 0.2
  done
  docker rm --force "$broker" >/dev/null
  seen="$seen$bytes: $result; "
done
printf '2.1: %s\n' "$seen"
[ "$seen" = '12: accepted; 16: does not start; 32: does not start; 64: accepted; ' ] ||
  { echo 'CHANGED: Mosquitto 2.1 reads other salts'; exit 1; }
installed=$(mosquitto -h 2>/dev/null || true)
if [ "${installed%%$'\n'*}" = 'mosquitto version 2.0.11' ]; then
  seen=''
  for bytes in 12 16 64; do
    node passwords.mjs "$bytes"
    port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
    printf 'user root\nlistener %s 127.0.0.1\npassword_file %s/passwords\nallow_anonymous false\n' "$port" "$folder" >mosquitto.conf
    mosquitto -c mosquitto.conf 2>/dev/null & pid=$!
    open_port "$port"
    seen="$seen$bytes: $(timeout 30 node connect.mjs "mqtt://127.0.0.1:$port"); "
    kill "$pid"; wait "$pid" 2>/dev/null || true
  done
  printf '2.0.11: %s\n' "$seen"
  [ "$seen" = '12: accepted; 16: refused; 64: refused; ' ] || { echo 'CHANGED: Mosquitto 2.0.11 reads other salts'; exit 1; }
fi
echo 'as found: only salts of 12 bytes work with Mosquitto 2.0.11 and 2.1.2'
