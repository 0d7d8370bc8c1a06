#!/bin/sh
# The command `weir secure` in a container, for a machine that has Docker and no Node:
#   sudo sh deploy/secure.sh init --host weir.example.org
set -eu
cd "$(dirname "$0")/.."
# The image of the command line, and the one program more that makes certificates.
image=$(printf 'FROM weir\nUSER root\nRUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openssl\n' \
  | docker build --quiet -)
mkdir -p secrets
exec docker run --rm --user "$(id -u):$(id -g)" --env DEVICE_ID --volume "$PWD/mosquitto:/app/mosquitto:ro" \
  --volume "$PWD/secrets:/app/secrets" "$image" secure "$@"
