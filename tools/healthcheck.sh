#!/usr/bin/env bash
# Whether the service of this container is ready, at first, and alive, from then on. A broker that is
# away makes a service unready, not unhealthy: a restart would not help, and `docker compose
# up -d` refuses to go on beside an unhealthy container.
#
# A probe costs Docker a tenth of a second of processor time, more than the service itself needs, so it
# is frequent only until the first success; after that each probe first takes its time.
set -euo pipefail

was_ready=/tmp/was-ready
pause_seconds=25

answers_200() { # answers_200 PATH: bash alone, for starting Node would cost more still
  local service=${SERVICE//-/_}
  local port=${service^^}_HTTP_PORT status
  exec 3<>"/dev/tcp/127.0.0.1/${!port}"
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
  read -r -t 2 status <&3
  [[ $status == *' 200 '* ]]
}

if [[ -e $was_ready ]]; then
  sleep "$pause_seconds"
  answers_200 /healthz
else
  answers_200 /readyz
  touch "$was_ready"
fi
