#!/usr/bin/env bash
# Runs tools/list_errors on a small tree.
set -uo pipefail
list_errors="$(cd "$(dirname "$0")/../.." && pwd)/tools/list_errors"
# shellcheck source=tests/check/temporary_tree.sh
source "$(dirname "$0")/temporary_tree.sh"
mkdir -p "$tree"/{base,data,sim/plan,docs}
echo 'throw Error("file/missing", path);' >"$tree/base/file.cc"
printf 'throw Error("data/label", a);\nthrow Error("file/missing", b);\n' >"$tree/data/a.cc"
echo 'EXPECT_EQ(code, "data/only-in-a-test");' >"$tree/data/a_test.cc"
printf '#include "data/a.h"\nOpen("sim/plan");\n' >"$tree/data/b.cc"

expected='| `data/label` | [data/a.cc](../data/a.cc) |
| `file/missing` | [base/file.cc](../base/file.cc), [data/a.cc](../data/a.cc) |'
expect "codes and the files that raise them" "$expected" "$("$list_errors" | grep '^| `')"
"$list_errors" --write
"$list_errors" --check >/dev/null || { echo "FAILED a fresh page passes"; failed=1; }
echo 'throw Error("data/new", a);' >>"$tree/data/a.cc"
"$list_errors" --check >/dev/null && { echo "FAILED a stale page is found"; failed=1; }
exit $failed
