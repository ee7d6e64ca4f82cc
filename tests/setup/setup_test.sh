#!/usr/bin/env bash
# Runs tools/setup in a small tree where dpkg-query, apt-get, sudo, id and npm are scripts of this test: what is asked of
# them, and what the user reads.
set -uo pipefail
source_tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree bin=$work/bin failed=0

unset DEBIAN_FRONTEND
mkdir -p "$tree/tools" "$tree/tests/oracle" "$bin"
cp "$source_tree/tools/setup" "$tree/tools/"
for program in bash env dirname grep sed rm mkdir touch awk cat seq; do ln -s "$(command -v "$program")" "$bin/$program"; done
# script FILE: the text on standard input becomes a program.
script() {
  { echo "#!$(command -v bash)"; cat; } >"$1"
  chmod +x "$1"
}
script "$bin/dpkg-query" <<'END'
case " $MISSING " in *" ${!#} "*) exit 1 ;; *) printf installed ;; esac
END
script "$bin/apt-get" <<'END'
echo "apt-get $* as ${DEBIAN_FRONTEND:-anybody}" >>"$LOG"
[ "$1" != install ] || cat "${APT_SAYS:-/dev/null}"
[ "$1" != "${APT_FAILS:-}" ]
END
script "$bin/id" <<'END'
echo "$FAKE_UID"
END
script "$work/sudo" <<'END'
echo "sudo" >>"$LOG"
exec "$@"
END
script "$tree/tests/oracle/install_onnxruntime" <<'END'
echo "npm into ${1##*/tree/}" >>"$LOG"
mkdir -p "$1/node_modules/onnxruntime-node"
[ -z "${NPM_FAILS:-}" ] && touch "$1/node_modules/onnxruntime-node/package.json"
END

# expect NAME STATUS LOG OUTPUT ARGUMENT...: runs tools/setup; compares exit status, the calls of package tools, and the text.
# With MISSING (packages), FAKE_UID, APT_FAILS (a command), NPM_FAILS and OS_RELEASE from the environment.
expect() {
  local name=$1 status=$2 log=$3 output=$4 found found_status
  shift 4
  : >"$work/log"
  found=$(LOG=$work/log PATH=$bin OS_RELEASE=${OS_RELEASE:-$work/debian} FAKE_UID=${FAKE_UID:-0} MISSING=${MISSING:-} \
    "$tree/tools/setup" "$@" 2>&1)
  found_status=$?
  if [ "$found_status" != "$status" ] || [ "$(cat "$work/log")" != "$log" ] || [ "$found" != "$output" ]; then
    printf 'FAILED %s\n--- expected status %s, calls\n%s\n--- and text\n%s\n--- found status %s, calls\n%s\n--- and text\n%s\n' \
      "$name" "$status" "$log" "$output" "$found_status" "$(cat "$work/log")" "$found"
    failed=1
  else
    printf 'ok %s\n' "$name"
  fi
}

echo 'ID=debian' >"$work/debian"
echo 'ID=fedora' >"$work/fedora"
build_count=$("$source_tree/tools/setup" --list --build-only | wc -l)
all_count=$("$source_tree/tools/setup" --list | wc -l)
readonly update="apt-get update -q as anybody" install="apt-get install -q -y --no-install-recommends"

expect "nothing is asked for when all is there" 0 "" \
  "tools/setup: all $build_count Debian packages are there" --build-only
MISSING="libcapstone-dev g++" expect "one apt-get installs exactly what is missing" 0 \
  "$update"$'\n'"$install g++ libcapstone-dev as noninteractive" \
  "tools/setup: installing Debian packages: g++ libcapstone-dev" --build-only
MISSING="libtorch-dev libopenblas0-openmp" expect "libtorch is not asked for with --without-training" 0 "" \
  "tools/setup: all $((build_count - 2)) Debian packages are there" --build-only --without-training
MISSING="shellcheck nodejs" expect "the tests' packages are not asked for with --build-only" 0 "" \
  "tools/setup: all $build_count Debian packages are there" --build-only

FAKE_UID=1000 MISSING="cmake" expect "a user without sudo learns what root has to run" 1 "" \
  "tools/setup: installing needs root, or sudo. As root run: apt-get install --no-install-recommends cmake" --build-only
FAKE_UID=1000 expect "a user without sudo needs none when all is there" 0 "" \
  "tools/setup: all $build_count Debian packages are there" --build-only
mv "$work/sudo" "$bin/sudo"
FAKE_UID=1000 MISSING="cmake" expect "a user installs through sudo" 0 \
  "sudo"$'\n'"$update"$'\n'"sudo"$'\n'"$install cmake as noninteractive" \
  "tools/setup: installing Debian packages: cmake" --build-only

export APT_FAILS=update
MISSING="cmake" expect "a mirror that cannot be reached" 1 "$update" \
  "tools/setup: installing Debian packages: cmake
tools/setup: apt-get update failed; is there a network, and does /etc/apt name a Debian mirror?" --build-only
export APT_FAILS=install
MISSING="cmake" expect "a package that cannot be installed" 1 \
  "$update"$'\n'"$install cmake as noninteractive" \
  "tools/setup: installing Debian packages: cmake
tools/setup: apt-get could not install the packages; its messages above say why. Needed are: cmake" --build-only
unset APT_FAILS
{
  echo "0 upgraded, 200 newly installed, 0 to remove and 3 not upgraded."
  echo "Need to get 71.5 MB of archives."
  for i in $(seq 200); do echo "Get:$i a mirror, package $i"; done
  echo "Err:7 a mirror, package 7"
  for i in $(seq 150); do echo "Unpacking package $i"; echo "Setting up package $i"; done
} >"$work/apt-says"
APT_SAYS=$work/apt-says MISSING="cmake" expect "of what apt-get says the reader gets little" 0 \
  "$update"$'\n'"$install cmake as noninteractive" \
  "tools/setup: installing Debian packages: cmake
  Need to get 71.5 MB of archives.
  fetched 100 of 200 packages
  fetched 200 of 200 packages
  Err:7 a mirror, package 7
  set up 100 of 200 packages" --build-only
OS_RELEASE=$work/fedora expect "another system gets the list" 1 "" \
  "tools/setup: this is not Debian; install the counterparts of these packages yourself, then use cmake (CONTRIBUTING.md):
tools/setup:   $("$source_tree/tools/setup" --list --build-only | tr '\n' ' ' | sed 's/ $//')" --build-only

readonly all_there="tools/setup: all $all_count Debian packages are there"
NPM_FAILS=1 expect "without npm's network the oracle is left out, with a warning" 0 "npm into build/onnxruntime" \
  "$all_there
tools/setup: installing ONNX Runtime into build/onnxruntime (50 MB)
tools/setup: warning: npm could not install onnxruntime-node: the oracle tests are left out (is there a network?)"
expect "the oracle is installed once" 0 "npm into build/onnxruntime" \
  "$all_there
tools/setup: installing ONNX Runtime into build/onnxruntime (50 MB)"
expect "and then left alone" 0 "" "$all_there
tools/setup: ONNX Runtime is there"
ln -s "$(type -P true)" "$bin/node"
ln -s "$(type -P true)" "$bin/npm"
MISSING="nodejs npm" expect "node and npm from elsewhere serve as well" 0 "" "$all_there
tools/setup: ONNX Runtime is there"
expect "an unknown option" 2 "" \
  "tools/setup: unknown option '--fast'; known: --build-only, --without-training, --list, --help" --fast

# The first column of the table, without npm's package.
justified=$(sed -n 's/^| \([a-z][^|]*\) |.*/\1/p' "$source_tree/docs/adr/0007-dependencies.md" |
  grep -v '^package$' | tr -d ' ' | tr ',' '\n' | grep -v '`' | sort)
installed=$("$source_tree/tools/setup" --list | sort)
if [ "$justified" = "$installed" ]; then
  echo "ok every package is justified in docs/adr/0007-dependencies.md, and every justified package is installed"
else
  printf 'FAILED docs/adr/0007-dependencies.md (<) and tools/setup (>)\n'
  diff <(echo "$justified") <(echo "$installed")
  failed=1
fi
exit $failed
