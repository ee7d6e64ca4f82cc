#!/usr/bin/env bash
# Runs tools/results on a small zoo and compares the table, the README that it writes, and its errors.
set -uo pipefail
results="$(cd "$(dirname "$0")/../.." && pwd)/tools/results"
# shellcheck source=tests/check/temporary_tree.sh
source "$(dirname "$0")/temporary_tree.sh"

mkdir "$tree/zoo"
printf 'Before.\n<!-- results:begin -->\nold\n<!-- results:end -->\nAfter.\n' >"$tree/README.md"
expect "an empty zoo says so" "No model in the zoo yet." "$("$results")"

cat >"$tree/zoo/b.json" <<'CARD'
{"format": "tinyformer-card", "version": 1, "name": "b", "target": "stm32f746", "data": {"name": "CIFAR-10"},
 "accuracy": {"float": 0.91236, "pruned": 0.9, "int8": null, "n": 10000, "mean": 0.9, "spread": 0.0012}, "seeds": [1, 2, 3], "bytes": {"weights": 1048576}, "cycles_estimate": 123456789}
CARD
table='| model | data | target | float | pruned | int8 | test images | weights, B | flash, B | RAM peak, B | cycles, estimated |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| [b](zoo/b.json) | CIFAR-10 | stm32f746 | 91.24 % | 90.00 % | not measured (mean of 3 seeds 90.00 % ± 0.12) | 10,000 | 1,048,576 | not measured | not measured | 123.5 M |'
expect "numbers of a card, and what was not measured" "$table" "$("$results")"

"$results" --check 2>/dev/null
expect "a stale README is found" 1 $?
"$results" --write
expect "the table goes between the markers" "$(printf 'Before.\n<!-- results:begin -->\n%s\n<!-- results:end -->\nAfter.' "$table")" "$(cat "$tree/README.md")"
"$results" --check
expect "a fresh README passes" 0 $?

echo '{"format": "other"}' >"$tree/zoo/a.json"
expect "another format is refused" \
  'tools/results: zoo/a.json is not a card: expected format "tinyformer-card", version 1 (zoo/README.md)' "$("$results" 2>&1)"
expect "an unknown option is refused" "tools/results: unknown option '--wirte'; known: --write, --check" \
  "$(rm "$tree/zoo/a.json"; "$results" --wirte 2>&1)"
exit $failed
