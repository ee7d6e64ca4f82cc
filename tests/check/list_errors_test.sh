#!/usr/bin/env bash
# Runs tools/list_errors on a small tree.
set -uo pipefail
list_errors="$(cd "$(dirname "$0")/../.." && pwd)/tools/list_errors"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
export TINYFORMER_ROOT=$tree
mkdir -p "$tree"/{base,data,sim/plan,docs}
echo 'throw Error("file/missing", path);' >"$tree/base/file.cc"
printf 'throw Error("data/label", a);\nthrow Error("file/missing", b);\n' >"$tree/data/a.cc"
echo 'EXPECT_EQ(code, "data/only-in-a-test");' >"$tree/data/a_test.cc"
printf '#include "data/a.h"\nOpen("sim/plan");\n' >"$tree/data/b.cc"

failed=0
expected='| `data/label` | [data/a.cc](../data/a.cc) |
| `file/missing` | [base/file.cc](../base/file.cc), [data/a.cc](../data/a.cc) |'
found=$("$list_errors" | grep '^| `')
if [ "$found" != "$expected" ]; then printf 'FAILED codes\n--- expected\n%s\n--- found\n%s\n' "$expected" "$found"; failed=1; fi
"$list_errors" --write
"$list_errors" --check >/dev/null || { echo "FAILED a fresh page passes"; failed=1; }
echo 'throw Error("data/new", a);' >>"$tree/data/a.cc"
"$list_errors" --check >/dev/null && { echo "FAILED a stale page is found"; failed=1; }
exit $failed
