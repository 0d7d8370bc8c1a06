#!/usr/bin/env bash
# Asks the service of this container whether it is ready. bash alone: starting Node every few seconds
# would cost more than the service itself.
set -euo pipefail

variable="$(tr 'a-z-' 'A-Z_' <<<"$SERVICE")_HTTP_PORT"
declare -A usual=([publisher]=9101 [logger]=9102 [stats]=9103 [stats-printer]=9104)
port=${!variable:-${usual[$SERVICE]}}

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r status <&3
[[ $status == *' 200 '* ]]
