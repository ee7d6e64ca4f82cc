# Sourced by tests of tools: an empty tree for TINYFORMER_ROOT, removed at the end, and a comparison.
# shellcheck shell=bash
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
export TINYFORMER_ROOT=$tree
failed=0
expect() { # NAME EXPECTED FOUND
  if [ "$2" = "$3" ]; then echo "ok $1"; else printf 'FAILED %s\n--- expected\n%s\n--- found\n%s\n' "$1" "$2" "$3"; failed=1; fi
}
