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
echo "$*" >>"$(dirname "$0")/calls"
option() { local name=$1; shift; while [ $# -gt 0 ]; do [ "$1" = "$name" ] && echo "$2"; shift; done; }
# config FOLDER STAGE: a run's options; another run there is refused.
config() {
  local folder=$1 stage=$2 text
  shift 3
  text="{\"recipe\": {\"stage\": \"$stage\", \"epochs\": $(option --epochs "$@"), \"seed\": 1, \"limit_train\": $(option --limit-train "$@")},
    \"data\": {\"spec\": \"cifar10:/data\", \"fingerprint\": \"$(option --data "$@" | cksum | cut -c 1-4)\"}, \"environment\": {\"threads\": 2}}"
  mkdir -p "$folder"
  if [ -e "$folder/config.json" ] && [ "$text" != "$(cat "$folder/config.json")" ]; then echo "other options in $folder" >&2; exit 2; fi
  echo "$text" >"$folder/config.json"
}
case $1 in
  train)
    run=$(option -o "$@")
    if [ -e "$(dirname "$0")/wait" ]; then echo $$ >"$(dirname "$0")/pid"; exec sleep 60; fi
    [ ! -e "$(dirname "$0")/stop" ] || exit 130
    config "$run" train "$@"
    touch "$run/genome.json" "$run/metrics.jsonl"
    [ -e "$run/model.safetensors" ] || date +%N >"$run/model.safetensors" ;;
  compress)
    config "$2/compressed" compress "$@"
    cp "$(option --genome "$@")" "$2/compressed/genome.json" && touch "$2/compressed/model.safetensors"
    cat "$2/model.safetensors" >"$(option -o "$@")"
    echo '{"effective_weights": 7311}' ;;
  compile) echo '{"target": "stm32f746", "flash_bytes": 10000, "ram_peak_bytes": 2000, "weight_bytes": 5}' ;;
  run) echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "test", "accuracy_float": 1, "accuracy_pruned": 0.5}' ;;
  profile) echo '{"cycles_estimate": 99000}' ;;
esac
PROGRAM
chmod +x "$program"
for name in tinyformer-a ablations/block-2 ablations/single-dot; do echo "{\"name\": \"${name#*/}\"}" >"$tree/zoo/$name.genome.json"; done
make_rows() { "$ablations" cifar10:/data "$tree/out" --program "$program" --threads 1 --only "$@" 2>&1 >/dev/null | grep -v '^tinyformer \|^card \|^bench_layernorm '; }
calls() { cut -d' ' -f1 "$tree/calls" | tr '\n' ' ' | sed 's/ $//'; }

touch "$tree/stop"
"$ablations" cifar10:/data "$tree/out" --program "$program" --only tinyformer-a 2>/dev/null
expect "a stopped training stops it" 130 $?
rm "$tree/stop" "$tree/calls"
expect "two rows without a complaint" "" "$(make_rows tinyformer-a,block-2)"
expect "one dense training for both" "train compress compile run profile compress compile run profile" "$(calls)"
expect "the command has the threads that the run had" \
  "tools/ablations cifar10:DIR out --only block-2 --epochs 4 --compress-epochs 4 --threads 2" \
  "$(node -p "JSON.parse(require('fs').readFileSync('$tree/zoo/ablations/block-2.json', 'utf8')).commands.join()")"
expect "pruned by its own genome" '{"name": "block-2"}' "$(cat "$tree/out/block-2/run/compressed/genome.json")"
rm "$tree/calls"
make_rows tinyformer-a,block-2
expect "what is finished is only checked" "train compress compress" "$(calls)"
expect "the model has its place" "card.json compile.json compress.json model.onnx profile.json run run.json" "$(ls -m "$tree/out/block-2" | tr -d ,)"
rm "$tree/calls"
touch "$program"
make_rows block-2
expect "another program compiles and measures again" "train compress compile run profile" "$(calls)"
rm "$tree/calls"
expect "other epochs are tinyformer's to refuse" "other options in $tree/out/block-2/run/compressed" "$(make_rows block-2 --compress-epochs 7)"
expect "fewer images are tinyformer's to refuse" "other options in $tree/out/tinyformer-a/run" "$(make_rows block-2 --limit-train 16)"
expect "other data are tinyformer's to refuse" "other options in $tree/out/tinyformer-a/run" \
  "$("$ablations" cifar10:/other "$tree/out" --program "$program" --threads 1 --only block-2 2>&1 >/dev/null | grep -v '^tinyformer ')"
rm "$tree/calls"
make_rows tinyformer-a-seed-2
expect "another seed of the same network" '--seed 2 --seed 2 {"name": "tinyformer-a"}' \
  "$(grep -o -e '--seed [0-9]*' "$tree/calls" | tr '\n' ' ')$(cat "$tree/out/tinyformer-a-seed-2/run/compressed/genome.json")"
rm "$tree/zoo/ablations/tinyformer-a-seed-2.json"
mkdir -p "$tree/zoo/checkpoints" "$tree/tinyformer-120k/run"
echo weights >"$tree/tinyformer-120k/run/model.safetensors"
tar -cJf "$tree/zoo/checkpoints/tinyformer-120k.tar.xz" -C "$tree" tinyformer-120k
rm "$tree/calls"
make_rows teacher-int8-training >/dev/null
mv "$tree/zoo/checkpoints" "$tree/zoo/moved"
expect "a missing teacher is said before anything is trained" \
  "tools/ablations: there is no $tree/zoo/checkpoints/tinyformer-120k.tar.xz, the teacher of the row teacher" "$(make_rows tinyformer-a,teacher)"
mv "$tree/zoo/moved" "$tree/zoo/checkpoints"
taught="--teacher $tree/out/teachers/tinyformer-120k/run"
expect "a teacher in both stages, int8 in the last one's end" "train $taught compress $taught --qat-epochs 1 compile run profile" \
  "$(grep -o -e '^[a-z]*' -e '--teacher [^ ]*' -e '--qat-epochs [0-9]*' "$tree/calls" | tr '\n' ' ' | sed 's/ $//')"
rm -r "$tree/out/tinyformer-a" "$tree/calls"
make_rows block-2
expect "another dense training is copied and pruned again" "train compress compile run profile" "$(calls)"
expect "the copy is its source" "" "$(cmp "$tree/out/tinyformer-a/run/model.safetensors" "$tree/out/block-2/run/model.safetensors")"
make_rows tinyformer-a
touch "$tree/wait"
"$ablations" cifar10:/data "$tree/out" --program "$program" --only tinyformer-a 2>/dev/null &
for _ in $(seq 100); do [ -s "$tree/pid" ] && break; sleep 0.1; done
stopped=$SECONDS
kill -TERM $!
wait $!
expect "a stop says so" 130 $?
expect "a stop ends what was running, which would take a minute" "1 1" \
  "$(kill -0 "$(cat "$tree/pid")" 2>/dev/null; echo $?) $((SECONDS - stopped < 30))"
rm "$tree/wait"
table='Before.
<!-- ablations:begin -->
All rows: 4 + 4 epochs.

### Table II: other architectures

| model | effective weights | RAM peak, B | flash, B | cycles, est. | float, stage 1 | float, stage 2 | int8 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| TinyFormer-A | 7,311 | 2,000 | 10,000 | 0.1 M | 100.00 % | 50.00 % | 75.00 % |

### Table III: what TinyFormer'"'"'s parts are worth

| model | effective weights | RAM peak, B | flash, B | cycles, est. | float, stage 1 | float, stage 2 | int8 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| TinyFormer-A | 7,311 | 2,000 | 10,000 | 0.1 M | 100.00 % | 50.00 % | 75.00 % |
| block size 2 | 7,311 | 2,000 | 10,000 | 0.1 M | 100.00 % | 50.00 % | 75.00 % |

### TinyFormer-A by other recipes

| recipe | RAM peak, B | flash, B | cycles, est. | float, stage 1 | float, stage 2 | int8 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| TinyFormer-A | 2,000 | 10,000 | 0.1 M | 100.00 % | 50.00 % | 75.00 % |
| teacher, and int8 in the last epoch | 2,000 | 10,000 | 0.1 M | 100.00 % | 50.00 % | 75.00 % |
<!-- ablations:end -->
After.'
"$ablations" --check 2>/dev/null
expect "a stale page is found" 1 $?
"$ablations" --write
expect "the tables go between the markers" "$table" "$(cat "$tree/docs/ablations.md")"
"$ablations" --check
expect "a fresh page passes" 0 $?
head -c 2000 /dev/zero | tr '\0' . >>"$tree/docs/ablations.md"
cp "$tree/docs/ablations.md" "$tree/before"
expect "a full disk is said" \
  "tools/ablations: cannot write $tree/docs/ablations.md (EFBIG: file too large); nothing was changed, make room or choose a place that can be written" \
  "$(ulimit -f 1; "$ablations" --write 2>&1)"
expect "the page is as it was, and nothing beside it" "ablations.md" "$(cmp "$tree/before" "$tree/docs/ablations.md" 2>&1; ls "$tree/docs")"
make_rows single-dot --epochs 3 >/dev/null
expect "rows of different epochs are not compared" \
  "tools/ablations: the stored rows were trained for different epochs (4 + 4; 3 + 4); make them again with the same ones" "$("$ablations" --write 2>&1)"
rm -r "$tree/out/single-dot"
make_rows single-dot --limit-train 16 >/dev/null
expect "rows of other shares of the images are not compared" \
  "tools/ablations: the stored rows were trained with different --limit-train (0; 16); make them again with the same ones" "$("$ablations" --write 2>&1)"
card=$tree/zoo/ablations/single-dot.json
sed -i 's/"limit_train": 16/"limit_train": 0/; s/"fingerprint": "/&f/' "$card"
expect "rows of other data are not compared" \
  "tools/ablations: the stored rows were trained on different data (FINGERPRINTS); make them again with the same ones" \
  "$("$ablations" --write 2>&1 | sed 's/([0-9]*; f[0-9]*)/(FINGERPRINTS)/')"
again="make it again with tools/ablations DATA OUT"
sed -i 's/"int8": .*,/"int8": null,/' "$card"
expect "a row without an accuracy is refused" "tools/ablations: $card: expected a number as accuracy.int8, found null; $again" "$("$ablations" --write 2>&1)"
echo '[]' >"$card"
expect "a row that is no object is refused" "tools/ablations: $card: expected a JSON object, found an empty list; $again" "$("$ablations" --check 2>&1)"
rm "$card"
echo '{"accuracy": [{"variant": "q8", "correct": 1, "images": 2}], "costs": [{}]}' >"$tree/zoo/ablations/layernorm.json"
expect "LayerNorms without an error are refused" \
  "tools/ablations: $tree/zoo/ablations/layernorm.json: expected a number as accuracy.0.rms_lsb, found nothing; $again" "$("$ablations" --check 2>&1)"
rm "$tree/zoo/ablations/layernorm.json"
mkdir -p "$tree/bench/layernorm"
cat >"$tree/bench/layernorm/bench_layernorm" <<'PROGRAM'
#!/usr/bin/env bash
echo layernorm >>"$(dirname "$0")/../../calls"
echo '{"accuracy": [{"variant": "q8", "correct": 1, "images": 2, "rms_lsb": 0.25}], "costs": [{"variant": "q8", "rows": 3, "channels": 4, "cycles": 5}]}'
PROGRAM
chmod +x "$tree/bench/layernorm/bench_layernorm"
rm "$tree/calls"
make_rows layernorm
make_rows layernorm
expect "the LayerNorms of one model are measured once" "layernorm" "$(calls)"
"$ablations" --write
expect "Table IV" "| q8 | 50.00 % | 0.250 | 5.0 |" "$(grep '^| q8' "$tree/docs/ablations.md")"
echo other >"$tree/out/tinyformer-a/run/model.safetensors"
expect "LayerNorms of another model are refused" \
  "tools/ablations: $tree/zoo/ablations/layernorm.json: expected LayerNorms of the row tinyformer-a's model, found another's; $again" "$(make_rows tinyformer-a)"
rm "$tree/calls"
make_rows layernorm
expect "and are measured again" "layernorm" "$(calls)"
rm "$tree/docs/ablations.md" "$tree/zoo/ablations/layernorm.json"
expect "a missing page is named" "tools/ablations: docs/ablations.md: ENOENT: no such file or directory; it is the page that the tables go into" \
  "$("$ablations" --check 2>&1)"
expect "an unknown row is refused" \
  "tools/ablations: --only: expected some of tinyformer-a, tinyformer-a-seed-2, tinyformer-a-seed-3, no-transformer, single-dot, block-2, block-4, tinyformer-120k, mobilenetv2-style, cct-style, int8-training, teacher, teacher-int8-training, layernorm, found 'block-3'" \
  "$("$ablations" d o --program "$program" --only block-3 2>&1)"
expect "a wrong number is refused" "tools/ablations: --epochs: expected a whole number, found 'ten'" "$("$ablations" d o --program "$program" --epochs ten 2>&1)"
expect "an unknown option is refused" "tools/ablations: unknown or incomplete option '--epoch'; the head of tools/ablations lists them" \
  "$("$ablations" d o --epoch 3 2>&1)"
for word in toString --toString --data --out; do
  expect "$word is no option" "tools/ablations: unknown or incomplete option '$word'; the head of tools/ablations lists them" "$("$ablations" d o "$word" x 2>&1)"
done
expect "a program that is none is named" "tools/ablations: $tree/docs cannot be run (EACCES); build it: cmake --build --preset release" \
  "$("$ablations" d o --program "$tree/docs" --only tinyformer-a 2>&1 | grep -v '^docs ')"
expect "a missing program is named" "tools/ablations: there is no $tree/none; build it, cmake --build --preset release, or name it with --program" \
  "$("$ablations" d o --program "$tree/none" 2>&1)"
mkdir "$tree/elsewhere"
cp "$program" "$tree/elsewhere/"
expect "a missing bench_layernorm is named before anything is trained" \
  "tools/ablations: there is no $tree/elsewhere/bench/layernorm/bench_layernorm; build it, cmake --build --preset release, or leave its row out with --only" \
  "$("$ablations" d o --program "$tree/elsewhere/tinyformer" 2>&1)"
exit $failed
