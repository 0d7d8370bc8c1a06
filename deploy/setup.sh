#!/bin/sh
# Makes this machine a host for good: Docker, Weir, security updates, limits for logs, swap. Debian 13, Ubuntu 24.04,
# Raspberry Pi OS (64 bit, from trixie on), and newer ones. Run it again whenever you like: it does what is missing.
#   sudo sh deploy/setup.sh                                the open suite; every port on 127.0.0.1 only
#   sudo sh deploy/setup.sh --secured weir.example.org     TLS and passwords; the name or address that devices call
set -eu
cd "$(dirname "$0")/.."

SWAP_FILE=/swapfile
SWAP_MIB=1024
# A machine of 2 GB shows a little less, because the kernel keeps some.
SWAP_BELOW_KIB=2200000
JOURNAL_MAX=200M
COMPOSE_LEAST=2.24
READY_SECONDS=300

main() {
  host=
  case ${1:-} in
    '') ;;
    --secured) host=${2:?setup.sh --secured takes the name or the address that devices call, as weir.example.org} ;;
    *) fail "unknown argument $1: there is only --secured <name or address>" ;;
  esac
  if [ -n "$host" ]; then check_compose_files; fi
  [ "$(id -u)" = 0 ] || fail 'start it as root: sudo sh deploy/setup.sh'
  command -v apt-get > /dev/null || fail 'this is not Debian or Ubuntu: docs/how-to/deploy.md has the steps by hand'
  # cloud-init starts this without a home, which Docker's client wants.
  export DEBIAN_FRONTEND=noninteractive HOME="${HOME:-/root}"

  step 'swap'; add_swap
  step 'system updates and limits of logs'; keep_up_to_date; limit_journal
  step 'Docker'; install_docker
  step 'Weir: build'; build
  if [ -n "$host" ]; then step 'Weir: keys and passwords'; secure "$host"; fi
  step 'Weir: start'; start
  step 'done'
  docker compose logs --no-color --no-log-prefix dashboard 2> /dev/null | grep 'the code' | tail -n 1 || true
}

step() { printf '[setup %s] %s\n' "$(date -u +%H:%M:%S)" "$1"; }

fail() {
  printf 'setup: %s\n' "$1" >&2
  exit 1
}

# Images are built with 1 GB of memory, but not while something else needs it, too.
add_swap() {
  memory=$(awk '/^MemTotal/ {print $2}' /proc/meminfo)
  if [ "$memory" -ge "$SWAP_BELOW_KIB" ] || [ "$(wc -l < /proc/swaps)" -gt 1 ]; then return; fi
  # A container's swap is its host's.
  if systemd-detect-virt --quiet --container; then return; fi
  install -m 600 /dev/null "$SWAP_FILE"
  dd if=/dev/zero of="$SWAP_FILE" bs=1M count="$SWAP_MIB" status=none
  mkswap -q "$SWAP_FILE"
  grep -q "^$SWAP_FILE " /etc/fstab || printf '%s none swap sw 0 0\n' "$SWAP_FILE" >> /etc/fstab
  swapon "$SWAP_FILE"
}

keep_up_to_date() {
  apt-get update -qq
  install_packages unattended-upgrades
  printf '%s\n' 'APT::Periodic::Update-Package-Lists "1";' 'APT::Periodic::Unattended-Upgrade "1";' \
    > /etc/apt/apt.conf.d/20auto-upgrades
}

limit_journal() {
  mkdir -p /etc/systemd/journald.conf.d
  printf '[Journal]\nSystemMaxUse=%s\n' "$JOURNAL_MAX" > /etc/systemd/journald.conf.d/weir.conf
  systemctl restart systemd-journald
}

# The distribution's own packages, so that its security updates cover Docker, too. What is there stays.
install_docker() {
  if docker compose version > /dev/null 2>&1; then
    :
  elif apt-cache show docker-compose-v2 > /dev/null 2>&1; then
    install_packages docker.io docker-compose-v2 docker-buildx
  else
    install_packages docker.io docker-cli docker-compose docker-buildx
  fi
  version=$(docker compose version --short 2> /dev/null || echo 0)
  oldest=$(printf '%s\n%s\n' "$COMPOSE_LEAST" "${version#v}" | sort -V | head -n 1)
  [ "$oldest" = "$COMPOSE_LEAST" ] || fail "Compose $version is older than $COMPOSE_LEAST: use Debian 13 or Ubuntu 24.04"
  systemctl enable --quiet --now docker
}

# The machine's own updates may be under way.
install_packages() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" > /dev/null; }

# One image after the other: eight at once need more than 1 GB.
build() {
  for service in $(docker compose config --services); do docker compose build --quiet "$service"; done
}

# Otherwise the open suite would be started.
check_compose_files() {
  case $(grep '^COMPOSE_FILE=' .env 2> /dev/null) in
    '' | *docker-compose-secured.yml*) ;;
    *) fail 'COMPOSE_FILE in .env has no docker-compose-secured.yml: add it behind docker-compose.yml, with a colon between' ;;
  esac
}

secure() {
  sh deploy/secure.sh init --host "$1"
  # The last line of .env may have no end.
  grep -q '^COMPOSE_FILE=' .env || printf '\n%s\n' COMPOSE_FILE=docker-compose.yml:docker-compose-secured.yml >> .env
}

start() {
  # Where workflows, backup and weir export --output, as user 1000 in their containers, write.
  chown 1000:1000 config/workflows backups exports
  # With a mistake in the configuration, up --detach says only that the service weir failed.
  docker compose up --detach --wait --wait-timeout "$READY_SECONDS" || {
    docker compose logs --no-color --no-log-prefix weir
    fail 'Weir has not started'
  }
  docker compose ps
}

main "$@"
