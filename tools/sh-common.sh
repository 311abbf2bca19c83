# Sourced by the shell scripts of the build: where caches live, how a step speaks and how it fails.
# shellcheck shell=bash

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/libssl-wasm
# shellcheck source=../versions.env
. "$REPO/versions.env"

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }

# step LABEL COMMAND...: run a long command with its output in a log; show the log's end only if it fails.
# On a terminal a counter of seconds shows that it is alive.
step() {
  local label=$1; shift
  mkdir -p "$CACHE/log"
  local log start=$SECONDS pid status=0
  log="$CACHE/log/$(printf '%s' "$label" | tr -cs 'A-Za-z0-9.\n' '-').log"
  printf '%s …' "$label" >&2
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while [ -t 2 ] && kill -0 "$pid" 2>/dev/null; do
    printf '\r%s … %ds' "$label" $((SECONDS - start)) >&2
    sleep 1
  done
  wait "$pid" || status=$?
  if [ "$status" -eq 0 ]; then
    [ -t 2 ] && printf '\r%s …' "$label" >&2
    printf ' done in %ds\n' $((SECONDS - start)) >&2
  else
    printf ' failed (%s)\n' "$status" >&2
    tail -n 25 "$log" >&2
    say "the whole log: $log"
  fi
  return "$status"
}

# hash_of FILE|STRING...: one SHA-256 over the named files' contents and, for what is no file, the words themselves.
hash_of() {
  local item
  for item in "$@"; do
    if [ -f "$item" ]; then sha256sum <"$item"; else printf '%s\n' "$item"; fi
  done | sha256sum | cut -c1-16
}

# with_lock NAME COMMAND...: two builds at once do not write the same cache entry.
with_lock() {
  local name=$1; shift
  mkdir -p "$CACHE"
  ( flock 9; "$@" ) 9>"$CACHE/$name.lock"
}

# debian_mirror: the URI of the Debian archive that this machine's own apt uses, read from apt itself.
debian_mirror() {
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v c="$codename" '$1 == c || $1 == "stable" || $1 == "testing" || $1 == "unstable" || $1 == "sid" { sub(/\/$/, "", $2); print $2 }' |
    grep -E '/debian$' | head -n 1
}

# private_apt DIR TYPE SUITES: read the index of these suites (TYPE is deb or deb-src) with an apt that reads and writes below
# DIR alone, so the machine's own stays as it is. Leaves its options in the array `apt`.
private_apt() {
  local dir=$1 type=$2 suites=$3 mirror
  command -v apt-get >/dev/null || { say "there is no apt-get here"; return 1; }
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { say "apt names no Debian mirror"; return 1; }
  mkdir -p "$dir"/{lists/partial,cache/archives/partial,state,empty,sources.d}
  cat >"$dir/sources.d/debian.sources" <<END
Types: $type
URIs: $mirror
Suites: $suites
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  touch "$dir/state/status"
  apt=(-qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/sources.d"
    -o "Dir::State=$dir/state" -o "Dir::State::Lists=$dir/lists" -o "Dir::State::status=$dir/state/status"
    -o "Dir::Cache=$dir/cache" -o Dir::Etc::PreferencesParts="$dir/empty" -o Dir::Etc::Preferences=/dev/null
    -o APT::Architecture=amd64 -o APT::Sandbox::User= -o Acquire::Languages=none
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=2)
  apt-get "${apt[@]}" update
}

# npm_modules FOLDER LABEL: install what FOLDER/package-lock.json pins, unless it is there, without running any package's scripts.
# To change FOLDER/package.json, make the lock anew in a directory without node_modules (npm install --package-lock-only):
# otherwise npm forgets the packages of other platforms in it.
npm_modules() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.lsw-lock" || step "$2" with_lock "npm-$(basename "$1")" npm_ci "$1"
}
npm_ci() {
  cd "$1"
  # Somebody else may have installed them while we waited for the lock.
  cmp -s package-lock.json node_modules/.lsw-lock && return 0
  # Some want a newer Node than the product does; they are run with that.
  npm ci --no-audit --no-fund --ignore-scripts
  cp package-lock.json node_modules/.lsw-lock
}
