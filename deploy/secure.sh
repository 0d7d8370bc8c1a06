#!/bin/sh
# The command `weir secure` in a container, for a machine that has Docker and no Node:
#   sudo sh deploy/secure.sh device garden
set -eu
cd "$(dirname "$0")/.."

docker image inspect weir > /dev/null 2>&1 || {
  echo 'secure: there is no image weir: make it first, docker compose build weir' >&2
  exit 1
}
# The image of the command line, and the one program more that makes certificates.
docker build --quiet --tag weir-secure - > /dev/null << 'DOCKERFILE'
FROM weir
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openssl > /dev/null
DOCKERFILE
mkdir -p secrets
touch .env
exec docker run --rm --network none --volume "$PWD/mosquitto:/app/mosquitto:ro" --volume "$PWD/secrets:/app/secrets" \
  --volume "$PWD/.env:/app/.env:ro" weir-secure secure "$@"
