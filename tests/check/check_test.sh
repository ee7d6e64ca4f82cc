#!/usr/bin/env bash
# Runs tools/check on small trees, each with one thing wrong, and compares the findings with what they should be.
set -uo pipefail
check="$(cd "$(dirname "$0")/../.." && pwd)/tools/check"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
# Words that tools/check looks for are put together here, so that it does not find them in this file.
open_end="TO""DO" skipped="GTEST_""SKIP()" machine_path="/wo""rk/shared" host="registry.np""mjs.org"

# expect NAME CHECK STATUS OUTPUT: the tree holds the files of the sample; then it is emptied.
expect() {
  local output status
  output=$("$check" --root "$tree" --build "${TIDY_BUILD:-}" "$2" | grep -v '^check ')
  "$check" --root "$tree" --build "${TIDY_BUILD:-}" "$2" >/dev/null
  status=$?
  if [ "$output" != "$4" ] || [ "$status" != "$3" ]; then
    printf 'FAILED %s (status %s)\n--- expected\n%s\n--- found\n%s\n' "$1" "$status" "$4" "$output"
    failed=1
  else
    printf 'ok %s\n' "$1"
  fi
  find "$tree" -mindepth 1 -delete
}
# sample FILE LINE...
sample() {
  mkdir -p "$(dirname "$tree/$1")"
  printf '%s\n' "${@:2}" >"$tree/$1"
}

sample base/a.cc 'int  x;'
printf 'BasedOnStyle: Google\n' >"$tree/.clang-format"
expect "a file that is not formatted" format 1 \
  "base/a.cc:1: [format] not as clang-format writes it; fix: clang-format -i base/a.cc"

sample base/a.cc 'double Half(int n) { return n / 2; }'
printf -- '---\nChecks: "-*,bugprone-integer-division"\n' >"$tree/.clang-tidy"
printf '[{"directory": "%s", "file": "%s/base/a.cc", "command": "c++ -c %s/base/a.cc"}]' "$tree" "$tree" "$tree" \
  >"$tree/compile_commands.json"
export TIDY_BUILD=$tree
expect "a bug that clang-tidy knows" tidy 1 \
  "base/a.cc:1: [tidy] result of integer division used in a floating point context; possible loss of precision [bugprone-integer-division]; fix: change the code, or // NOLINT(rule): why"
unset TIDY_BUILD

sample base/a.h '#pragma once' '#include "search/genome.h"'
expect "a lower room that includes an upper one" layers 1 \
  "base/a.h:2: [layers] base/ includes search/genome.h, a room above it; fix: move the shared part down, or pass it in as a value"

sample train/a.cc '#include "data/dataset.h"' '#include "data/source.h"'
expect "training that goes around the lock of the test images" layers 1 \
  "train/a.cc:2: [test-set] data/source.h gives the test images without a key; fix: use OpenDataset (data/dataset.h)"

sample data/a.cc '#include "data/source.h"'
expect "in data/ there is no lock yet" layers 0 ""

sample search/a.cc '#include "compiler/ir/graph.h"' '#include "base/error.h"'
expect "an upper room may include lower ones" layers 0 ""

sample search/a.cc '#include <torch/torch.h>'
expect "libtorch outside train" layers 1 \
  "search/a.cc:1: [layers] torch/torch.h outside train/; fix: keep libtorch in train/"

sample compiler/passes/a.cc '#include <onnx/onnx_pb.h>'
expect "protobuf outside import and export" layers 1 \
  "compiler/passes/a.cc:1: [layers] onnx/onnx_pb.h outside compiler/import and compiler/export; fix: go through ReadOnnx or WriteOnnx"

sample engine/ref/a.cc '#include <stdint.h>' '#include <vector>'
expect "a heap user in the engine" layers 1 \
  "engine/ref/a.cc:2: [freestanding] <vector> in code that runs on the chip; fix: use only integers and memcpy, memset, memmove"

sample train/a.cc 'void F(const TestSetKey& key);'
expect "training that opens the test images" layers 1 \
  "train/a.cc:1: [test-set] TestSetKey opens the test images; fix: only the commands report and run may; use the validation images"

sample base/string_utils.h '#pragma once'
expect "a name that says nothing" names 1 \
  "base/string_utils.h:1: [names] the name says nothing about what is inside; fix: name the thing itself (the noun of its main type or function)"

sample base/BigFile.cc ''
expect "a file in another case" names 1 "base/BigFile.cc:1: [names] source files are snake_case; fix: rename it"

sample engine/include/tinyformer/engine/linear_s8.h 'void linear_s8(int x);' 'void linear_s8_rlc4(int x);' 'void FastLinear(int x);'
expect "a kernel outside the grammar" names 1 \
  "engine/include/tinyformer/engine/linear_s8.h:3: [kernel-name] kernel 'FastLinear' is not <op>_<type>[_<codec><block>]; fix: for example linear_s8, conv2d_s8_rlc4"

mkdir -p "$tree/base"
yes 'int x;' | head -n 601 >"$tree/base/long.cc"
expect "a file of more than 600 lines" sizes 1 \
  "base/long.cc:601: [size] 601 lines, more than 600; fix: split it: a long file holds two things"

mkdir -p "$tree/base"
yes 'int x;' | head -n 401 >"$tree/base/long.cc"
expect "a file of more than 400 lines is only listed" sizes 0 $'sizes: over 400 lines (allowed, look twice):\n  base/long.cc (401)'

mkdir -p "$tree/docs"
head -c 300000 /dev/zero >"$tree/docs/picture.png"
expect "a big binary" sizes 1 \
  "docs/picture.png:1: [size] 300000 bytes, more than 262144; fix: generate it, or keep it outside the tree"

sample base/a.cc 'int x;' "// $open_end: more"
expect "an open end" words 1 \
  "base/a.cc:2: [words] an open end in the text; fix: do it now, or open an issue and leave nothing here"

sample base/a_test.cc "  $skipped << \"later\";"
expect "a skipped test" words 1 "base/a_test.cc:1: [words] a test that does not run; fix: make it run, or delete it"

sample docs/a.md "see $machine_path/x"
expect "a path of one machine" words 1 \
  "docs/a.md:1: [words] a path of one machine; fix: take the path from an argument or the environment"

sample package-lock.json "\"resolved\": \"https://$host/x\""
expect "a registry's host" words 1 \
  "package-lock.json:1: [words] a registry's host name; fix: let the package manager's own settings name it"

# shellcheck disable=SC2016
sample run '#!/usr/bin/env bash' 'cd "$1"'
chmod +x "$tree/run"
expect "a script that shellcheck refuses" shell 1 \
  "run:2: [shell] warning: Use 'cd ... || exit' or 'cd ... || return' in case cd fails. [SC2164]; fix: see the rule in shellcheck's manual"

sample docs/a.md 'See [b](b.md), [c](../docs/c.md) and [web](https://example.org/).'
sample docs/c.md 'Here.'
expect "a link that leads nowhere" links 1 \
  "docs/a.md:1: [links] the link 'b.md' leads nowhere; fix: correct the path (it is relative to docs/a.md)"

sample docs/a.md 'Read `base/error.h`, then `base/gone.h`.'
sample base/error.h '#pragma once'
expect "a document that names a file that is gone" links 1 \
  "docs/a.md:1: [links] there is no file 'base/gone.h'; fix: correct the path (it is relative to the tree's root)"

# Programs that are missing, or that end without a word: their checks have not passed.
programs=$(mktemp -d)
trap 'rm -rf "$tree" "$programs"' EXIT
tr : '\n' <<<"$PATH" | while IFS= read -r folder; do cp -sn "$folder"/* "$programs" 2>/dev/null; done
compiled() {
  sample base/a.cc 'int x;'
  sample .clang-tidy 'Checks: "-*,bugprone-integer-division"'
  printf '[{"directory": "%s", "file": "%s/base/a.cc", "command": "c++ -c %s/base/a.cc"}]' "$tree" "$tree" "$tree" >"$tree/compile_commands.json"
}
for check_and_program in format,clang-format tidy,clang-tidy shell,shellcheck; do
  rule=${check_and_program%,*} program=${check_and_program#*,}
  rm -f "$programs/$program"
  PATH=$programs expect "a tree without $program" "$rule" 1 \
    "tools/setup:1: [$rule] there is no $program on PATH; fix: tools/setup installs it"
  printf '#!/bin/sh\necho "no rules" >&2\nexit 3\n' >"$programs/$program"
  chmod +x "$programs/$program"
done
sample base/a.cc 'int x;'
PATH=$programs expect "a clang-format that does not work" format 1 \
  ".clang-format:1: [format] clang-format ended with status 123 and no finding: no rules; fix: run clang-format --dry-run alone"
compiled
TIDY_BUILD=$tree PATH=$programs expect "a clang-tidy that does not work" tidy 1 \
  "base/a.cc:1: [tidy] clang-tidy ended with status 3 and no finding: no rules; fix: run clang-tidy -p $tree base/a.cc alone"
sample run.sh '#!/bin/sh'
PATH=$programs expect "a shellcheck that does not work" shell 1 \
  "run.sh:1: [shell] shellcheck ended with status 3 and no finding: no rules; fix: run shellcheck run.sh alone"
printf '#!/bin/sh\nexec sleep 5\n' >"$programs/clang-tidy"
compiled
found=$(TIDY_BUDGET_SECONDS=1 PATH=$programs "$check" --root "$tree" --build "$tree" tidy | sed 's/ ([0-9]* s)$//')
if [ "$found" = "check tidy      ok, but 1 of 1 files not read in 1 s; run again to go on (clean files are remembered)" ]; then
  echo "ok files that were not read are said"
else
  printf 'FAILED files that were not read are said\n--- found\n%s\n' "$found"
  failed=1
fi

"$check" no-such-check 2>/dev/null
[ $? = 2 ] || { echo "FAILED an unknown check exits with 2"; failed=1; }
exit $failed
