#!/usr/bin/env bash
# Runs ./test in a small tree where cmake, ctest, tools/setup and tools/check are scripts of this test: a part that fails is
# counted, hides nothing and stops nothing that does not need it.
set -uo pipefail
source_tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
mkdir -p "$work/tools" "$work/bin"
cp "$source_tree/test" "$work/"
# script FILE NAME: a program that writes its name and arguments down, and fails when they hold the text $FAILS.
script() {
  cat >"$1" <<END
#!/usr/bin/env bash
call="$2 \$*"
echo "\$call" >>"$work/log"
case "\$call" in
  *--show-only*) printf '  Test #1: %s\n' \$TESTS ;;
esac
case "\$call" in *"\$FAILS"*) exit 1 ;; esac
END
  chmod +x "$1"
}
script "$work/tools/setup" setup
script "$work/tools/check" check
script "$work/bin/cmake" cmake
script "$work/bin/ctest" ctest

# expect NAME STATUS SUMMARY ARGUMENT...: runs ./test; compares exit status and the summary without its times.
expect() {
  local name=$1 status=$2 summary=$3 output found_status found
  shift 3
  : >"$work/log"
  output=$(JOBS=1 PATH=$work/bin:$PATH FAILS=${FAILS:-nothing} \
    TESTS=${TESTS:-train_network_test onnx_conformance_test store_postgres_test slurm_test oracle_test} "$work/test" "$@" 2>&1)
  found_status=$?
  found=$(sed -nE 's/^(.*[^ ]) +(passed|FAILED|NOT RUN) +[0-9]+:[0-9]+$/\1: \2/p; /^parts:/p' <<<"$output")
  if [ "$found_status" != "$status" ] || [ "$found" != "$summary" ]; then
    printf 'FAILED %s\n--- expected status %s\n%s\n--- found status %s\n%s\n--- of\n%s\n' \
      "$name" "$status" "$summary" "$found_status" "$found" "$output"
    failed=1
  else
    printf 'ok %s\n' "$name"
  fi
}

readonly release="packages: passed
release: build: passed
release: no test is left out: passed"
readonly sanitizers="sanitizers: build: passed
sanitizers: tests: passed"
expect "all parts pass" 0 "$release
release: tests: passed
tools/check: passed
$sanitizers
parts: 7 passed, 0 failed"
FAILS="setup " expect "packages that cannot be installed keep nothing from running" 1 "packages: FAILED
${release#*$'\n'}
release: tests: passed
tools/check: passed
$sanitizers
parts: 6 passed, 1 failed"
expect "--quick leaves the sanitizers out" 0 "$release
release: tests: passed
tools/check: passed
parts: 5 passed, 0 failed" --quick
FAILS="ctest --preset release -j" expect "a test that fails keeps nothing else from running" 1 "$release
release: tests: FAILED
tools/check: passed
$sanitizers
parts: 6 passed, 1 failed"
FAILS="check " expect "a finding of tools/check is a failure" 1 "$release
release: tests: passed
tools/check: FAILED
$sanitizers
parts: 6 passed, 1 failed"
FAILS="cmake --build --preset release" expect "without a build its tests are not run, and that is a failure" 1 "packages: passed
release: build: FAILED
release: tests, tools/check: NOT RUN
$sanitizers
parts: 3 passed, 2 failed"
FAILS="cmake --preset asan" expect "the same for the sanitizers' build" 1 "$release
release: tests: passed
tools/check: passed
sanitizers: build: FAILED
sanitizers: tests: NOT RUN
parts: 5 passed, 2 failed"
export TESTS="train_network_test onnx_conformance_test store_postgres_test slurm_test"
readonly without_oracle="packages: passed
release: build: passed
release: no test is left out: FAILED
release: tests: passed
tools/check: passed
parts: 4 passed, 1 failed"
expect "the oracle is not left out silently" 1 "$without_oracle" --quick
expect "but may be left out by name" 0 "$release
release: tests: passed
tools/check: passed
parts: 5 passed, 0 failed" --quick --without-oracle
TESTS="onnx_conformance_test store_postgres_test slurm_test oracle_test" expect "nor are libtorch's tests" 1 "$without_oracle" --quick
TESTS="train_network_test onnx_conformance_test slurm_test oracle_test" expect "nor are those with a PostgreSQL server" 1 "$without_oracle" --quick
TESTS="train_network_test onnx_conformance_test store_postgres_test oracle_test" expect "nor are those with Slurm" 1 "$without_oracle" --quick
expect "an unknown option" 2 "" --fast
exit $failed
