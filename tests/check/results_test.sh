#!/usr/bin/env bash
# Runs tools/results on a small zoo and compares the table, the README that it writes, and its errors.
set -uo pipefail
results="$(cd "$(dirname "$0")/../.." && pwd)/tools/results"
# shellcheck source=tests/check/temporary_tree.sh
source "$(dirname "$0")/temporary_tree.sh"

mkdir "$tree/zoo"
printf 'Before.\n<!-- results:begin -->\nold\n<!-- results:end -->\nAfter.\n' >"$tree/README.md"
expect "--help says what it does" "Prints the table of the zoo's models from their cards (zoo/*.json), and keeps README.md's copy of it up to date." \
  "$("$results" --help | head -1)"
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

head -c 2000 /dev/zero | tr '\0' . >>"$tree/README.md"
cp "$tree/README.md" "$tree/before"
expect "a full disk is said" \
  "tools/results: cannot write $tree/README.md (EFBIG: file too large); nothing was changed, make room or choose a place that can be written" \
  "$(ulimit -f 1; "$results" --write 2>&1)"
expect "README is as it was, and nothing beside it" "README.md before zoo" "$(cmp "$tree/before" "$tree/README.md" 2>&1; ls -m "$tree" | tr -d ,)"
echo More. >>"$tree/README.md"
mv "$tree/README.md" "$tree/real.md" && ln -s real.md "$tree/README.md"
"$results" --write
expect "a link stays one" "real.md" "$(readlink "$tree/README.md")"
echo none >"$tree/README.md"
expect "missing markers are named" \
  "tools/results: README.md has no <!-- results:begin --> ... <!-- results:end -->; put the two markers where the tables go" "$("$results" --check 2>&1)"
rm "$tree/README.md"
expect "a missing README is named" "tools/results: README.md: ENOENT: no such file or directory; it is the page that the tables go into" \
  "$("$results" --check 2>&1)"
for other in none:ENOENT before:ENOTDIR; do
  expect "a tree without a zoo is refused, ${other#*:}" \
    "tools/results: $tree/${other%:*}/zoo: expected the folder of the models, found none (${other#*:}); set TINYFORMER_ROOT to the tree, or unset it" \
    "$(TINYFORMER_ROOT=$tree/${other%:*} "$results" 2>&1)"
done

# refused NAME CARD EXPECTED: the error about zoo/a.json.
refused() {
  echo "$2" >"$tree/zoo/a.json"
  expect "$1" "tools/results: zoo/a.json: expected $3; correct the file (zoo/README.md)" "$("$results" 2>&1)"
}
head='"format": "tinyformer-card", "version": 1'
refused "no object" null "a JSON object, found null"
refused "no name" "{$head}" "a text as name, found nothing"
refused "another name" "{$head, \"name\": \"b\"}" "the file's name 'a' as name, found 'b'"
refused "a text as number" "{$head, \"name\": \"a\", \"accuracy\": {\"int8\": \"0.9\"}}" 'a number or null as accuracy.int8, found "0.9"'
refused "a list as accuracies" "{$head, \"name\": \"a\", \"accuracy\": [1]}" "an object or null as accuracy, found a list"
refused "a mean without spread" "{$head, \"name\": \"a\", \"accuracy\": {\"mean\": 0.9}}" "a number as accuracy.spread, found nothing"
refused "a mean without seeds" "{$head, \"name\": \"a\", \"accuracy\": {\"mean\": 0.9, \"spread\": 0.1}, \"seeds\": []}" "a list as seeds, found an empty list"

echo '{"format": "other"}' >"$tree/zoo/a.json"
expect "another format is refused" \
  'tools/results: zoo/a.json is not a card: expected format "tinyformer-card", version 1 (zoo/README.md)' "$("$results" 2>&1)"
expect "an unknown option is refused" "tools/results: unknown option '--wirte'; known: --write, --check" \
  "$(rm "$tree/zoo/a.json"; "$results" --wirte 2>&1)"
exit $failed
