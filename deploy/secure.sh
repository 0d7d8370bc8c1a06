#!/bin/sh
# The command `weir secure` in a container, for a machine that has Docker and no Node:
#   sudo sh deploy/secure.sh device garden
set -eu
cd "$(dirname "$0")/.."

# The image of the command line, and the one program more that makes certificates.
image=$(docker build --quiet - << 'DOCKERFILE'
FROM weir
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openssl > /dev/null
DOCKERFILE
)
mkdir -p secrets
touch .env
exec docker run --rm --volume "$PWD/mosquitto:/app/mosquitto:ro" --volume "$PWD/secrets:/app/secrets" \
  --volume "$PWD/.env:/app/.env:ro" "$image" secure "$@"
