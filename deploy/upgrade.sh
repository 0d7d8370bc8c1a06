#!/bin/sh
# Brings a suite up to date: a snapshot, the newest source, what has to be built, a start. See docs/how-to/upgrade.md.
#   sh deploy/upgrade.sh                beside Compose while it runs, or beside npm start once that has been stopped
#   sh deploy/upgrade.sh --no-backup    without a snapshot, where there is one from elsewhere
set -eu
cd "$(dirname "$0")/.."

READY_SECONDS=300

# All of it is read before git replaces this file.
main() {
  backup=yes
  case ${1:-} in
    '') ;;
    --no-backup) backup=no ;;
    *) fail "unknown argument $1: there is only --no-backup" ;;
  esac
  git diff --quiet HEAD || fail 'files of the repository were changed here: see git status, and keep them elsewhere'
  before=$(git rev-parse HEAD)
  snapshot=
  kind=$(kind_of_suite)
  if [ "$backup" = yes ]; then take_snapshot; fi
  trap 'say_way_back' EXIT
  step 'source'; git pull --ff-only --quiet
  if [ "$kind" = compose ]; then upgrade_compose; else upgrade_npm; fi
  trap - EXIT
  step "done: $(git log -1 --format='%h of %cs')"
}

step() { printf '[upgrade %s] %s\n' "$(date -u +%H:%M:%S)" "$1"; }

fail() {
  printf 'upgrade: %s\n' "$1" >&2
  exit 1
}

kind_of_suite() {
  if [ -n "$(docker compose ps --quiet 2> /dev/null)" ]; then
    echo compose
  elif [ ! -d node_modules ]; then
    fail 'no suite runs here (docker compose up --detach starts one), or only root may ask Docker: sudo sh deploy/upgrade.sh'
  elif runs_here; then
    fail 'npm start is running here: stop it (Ctrl-C, or systemctl stop weir), and start it again afterwards'
  else
    echo npm
  fi
}

runs_here() {
  for process in $(pgrep -f standalone/src/main.ts); do
    if [ "$(readlink "/proc/$process/cwd")" = "$PWD" ]; then return 0; fi
  done
  return 1
}

take_snapshot() {
  step 'backup'
  if [ "$kind" = compose ]; then
    taken=$(docker compose run --rm --no-TTY backup backup /backups --verify)
  else
    taken=$(node weir/bin.mjs backup backups --verify)
  fi
  echo "$taken"
  snapshot=$(printf '%s\n' "$taken" | sed -n 's/^snapshot \([^:]*\):.*/\1/p')
}

upgrade_compose() {
  # A service that only its profile starts goes on, too.
  if [ -n "$(docker compose ps --quiet backup 2> /dev/null)" ]; then export COMPOSE_PROFILES=backup; fi
  # One image after the other: all at once need more than 1 GB of memory.
  step 'build'
  for service in $(docker compose config --services); do docker compose build --quiet "$service"; done
  step 'start'
  # With a mistake in the configuration, up --detach says only that the service weir failed.
  docker compose up --detach --wait --wait-timeout "$READY_SECONDS" || {
    docker compose logs --no-color --no-log-prefix weir
    exit 1
  }
  docker image prune --force > /dev/null
}

# The pages, too: the user of weir.service may not write them.
upgrade_npm() {
  step 'install'
  node tools/pages.mjs
  node weir/bin.mjs config check > /dev/null
  step 'installed; start the suite again: npm start'
}

say_way_back() {
  if [ "$kind" = compose ]; then
    start='docker compose up --detach --build --wait'
    empty='docker compose --profile backup down --volumes'
    restore="docker compose run --rm backup restore /backups --snapshot $snapshot"
  else
    start='npm start'
    empty='mv data data.newer'
    restore="npx weir restore backups --snapshot $snapshot"
  fi
  {
    echo 'upgrade: it has failed. The way back to the version before:'
    echo "  git reset --hard $before && $start"
    if [ -n "$snapshot" ]; then
      echo 'Where a service then says that a file has a newer format, put the snapshot back before the start:'
      echo "  $empty && $restore"
    fi
  } >&2
}

main "$@"
