#!/usr/bin/env bash
# Runs tools/ablations with a program that only writes what tinyformer would, and compares the calls, the stored cards and the tables.
set -uo pipefail
ablations="$(cd "$(dirname "$0")/../.." && pwd)/tools/ablations"
# shellcheck source=tests/check/temporary_tree.sh
source "$(dirname "$0")/temporary_tree.sh"

mkdir -p "$tree/docs" "$tree/zoo/ablations"
printf 'Before.\n<!-- ablations:begin -->\n<!-- ablations:end -->\nAfter.\n' >"$tree/docs/ablations.md"
program=$tree/tinyformer
cat >"$program" <<'PROGRAM'
#!/usr/bin/env bash
echo "$1 ${*: -12}" >>"$(dirname "$0")/calls"
option() { local name=$1; shift; while [ $# -gt 0 ]; do [ "$1" = "$name" ] && echo "$2"; shift; done; }
config() { echo "{\"recipe\": {\"stage\": \"$1\", \"epochs\": $2, \"seed\": 1}, \"data\": {\"spec\": \"cifar10:/data\", \"fingerprint\": \"ab\"}, \"environment\": {\"threads\": 1}}"; }
case $1 in
  train)
    run=$(option -o "$@")
    [ ! -e "$(dirname "$0")/stop" ] || exit 130
    mkdir -p "$run" && config train "$(option --epochs "$@")" >"$run/config.json"
    touch "$run/genome.json" "$run/metrics.jsonl" "$run/model.safetensors" ;;
  compress)
    mkdir -p "$2/compressed" && config compress "$(option --epochs "$@")" >"$2/compressed/config.json"
    cp "$(option --genome "$@")" "$2/compressed/genome.json" && touch "$2/compressed/model.safetensors"
    echo '{"effective_weights": 7311}' ;;
  compile) echo '{"target": "stm32f746", "flash_bytes": 10000, "ram_peak_bytes": 2000, "weight_bytes": 5}' ;;
  run) echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "test", "accuracy_float": 1, "accuracy_pruned": 0.5}' ;;
  profile) echo '{"cycles_estimate": 99}' ;;
esac
PROGRAM
chmod +x "$program"
for name in tinyformer-a ablations/block-2 ablations/single-dot; do echo "{\"name\": \"${name#*/}\"}" >"$tree/zoo/$name.genome.json"; done
make_rows() { "$ablations" cifar10:/data "$tree/out" --program "$program" --threads 1 --only "$@" 2>&1 >/dev/null | grep -v '^tinyformer \|^card '; }

touch "$tree/stop"
"$ablations" cifar10:/data "$tree/out" --program "$program" --only tinyformer-a 2>/dev/null
expect "a stopped training stops it" 130 $?
rm "$tree/stop" "$tree/calls"
expect "two rows without a complaint" "" "$(make_rows tinyformer-a,block-2)"
expect "one dense training for both" "train compress compile run profile compress compile run profile" "$(cut -d' ' -f1 "$tree/calls" | tr '\n' ' ' | sed 's/ $//')"
expect "pruned by its own genome" '{"name": "block-2"}' "$(cat "$tree/out/block-2/run/compressed/genome.json")"
rm "$tree/calls"
make_rows tinyformer-a,block-2
expect "nothing is made twice" "" "$(cat "$tree/calls" 2>/dev/null)"
make_rows block-2 --compress-epochs 7
expect "other epochs are not passed over" "compress compile run profile" "$(cut -d' ' -f1 "$tree/calls" | tr '\n' ' ' | sed 's/ $//')"
make_rows block-2
table='Before.
<!-- ablations:begin -->
All rows: 4 + 4 epochs.

### Table II: other architectures

| model | RAM peak, B | flash, B | float, dense | float, pruned | int8 |
| --- | ---: | ---: | ---: | ---: | ---: |
| TinyFormer-A | 2,000 | 10,000 | 100.00 % | 50.00 % | 75.00 % |

### Table III: what TinyFormer'"'"'s parts are worth

| model | effective weights | RAM peak, B | flash, B | float, dense | float, pruned | int8 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| TinyFormer-A | 7,311 | 2,000 | 10,000 | 100.00 % | 50.00 % | 75.00 % |
| block size 2 | 7,311 | 2,000 | 10,000 | 100.00 % | 50.00 % | 75.00 % |
<!-- ablations:end -->
After.'
"$ablations" --check 2>/dev/null
expect "a stale page is found" 1 $?
"$ablations" --write
expect "the tables go between the markers" "$table" "$(cat "$tree/docs/ablations.md")"
"$ablations" --check
expect "a fresh page passes" 0 $?
make_rows single-dot --epochs 3
expect "rows of different epochs are not compared" \
  "tools/ablations: the stored rows were trained for different epochs (4 + 4; 3 + 4); make them again with the same ones" "$("$ablations" --write 2>&1)"
expect "an unknown row is refused" \
  "tools/ablations: --only: expected some of tinyformer-a, no-transformer, single-dot, block-2, block-4, tinyformer-120k, mobilenetv2-style, cct-style, layernorm, found 'block-3'" \
  "$("$ablations" d o --program "$program" --only block-3 2>&1)"
expect "a wrong number is refused" "tools/ablations: --epochs: expected a whole number, found 'ten'" "$("$ablations" d o --program "$program" --epochs ten 2>&1)"
expect "an unknown option is refused" "tools/ablations: unknown or incomplete option '--epoch'; the head of tools/ablations lists them" \
  "$("$ablations" d o --epoch 3 2>&1)"
expect "a missing program is named" "tools/ablations: there is no $tree/none; build it (./quickstart does), or name it with --program" \
  "$("$ablations" d o --program "$tree/none" 2>&1)"
exit $failed
