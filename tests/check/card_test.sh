#!/usr/bin/env bash
# Runs tools/card on a folder as README's commands leave it, and on folders that lack something.
set -uo pipefail
card="$(cd "$(dirname "$0")/../.." && pwd)/tools/card"
# shellcheck source=tests/check/temporary_tree.sh
source "$(dirname "$0")/temporary_tree.sh"
field() { node -p "JSON.parse(require('fs').readFileSync('$tree/zoo/m.json', 'utf8')).$1"; }

out=$tree/out
mkdir -p "$tree/zoo" "$out/run/compressed"
config() { # STAGE EPOCHS
  printf '{"recipe": {"stage": "%s", "epochs": %s, "lr": 0.01, "warmup_epochs": 1, "mixup": 0, "randaugment_ops": 2, "randaugment_magnitude": 9,
    "teacher": "", "temperature": 4, "seed": 7, "ramp_share": 0.5, "source": "/a/b/run",
    "source_weights": "ab", "supernet": "", "supernet_weights": "", "sampling": "uniform", "qat_epochs": 0, "optimizer": "muon"}, "data": {"spec": "cifar10:/data", "fingerprint": "ab"},
    "environment": {"threads": 2}}' "$1" "$2"
}
config train 5 >"$out/run/config.json"
config compress 3 >"$out/run/compressed/config.json"
echo '{"name": "m"}' >"$out/run/compressed/genome.json"
echo model >"$out/model.onnx"
echo '{"target": "stm32f746", "flash_bytes": 10, "ram_peak_bytes": 20, "weight_bytes": 5}' >"$out/compile.json"
echo '{"cycles_estimate": 99}' >"$out/profile.json"
expect "a missing file is named" "tools/card: $out/run.json: ENOENT: no such file or directory, open '$out/run.json'; make it with README's commands" \
  "$("$card" "$out" m 2>&1)"
echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "validation", "accuracy_float": 0.5}' >"$out/run.json"
expect "validation images are refused" "tools/card: $out/run.json: expected a run on the test images with --compare $out/run" "$("$card" "$out" m 2>&1)"
echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "test", "accuracy_float": 1, "accuracy_pruned": 0.5}' >"$out/run.json"
expect "it says what it wrote" "zoo/m.onnx, zoo/m.json; now: tools/results --write" "$("$card" "$out" m --note 'Small.')"
expect "the model is beside it" model "$(cat "$tree/zoo/m.onnx")"
expect "accuracies" '1 0.5 0.75 4' "$(field accuracy.float) $(field accuracy.pruned) $(field accuracy.int8) $(field accuracy.n)"
expect "bytes and cycles" '10 20 5 99' "$(field bytes.flash) $(field bytes.ram_peak) $(field bytes.weights) $(field cycles_estimate)"
expect "the training command" \
  "tinyformer train --data cifar10:DIR --genome zoo/m.genome.json -o out/run --epochs 5 --lr 0.01 --warmup-epochs 1 --seed 7 --optimizer muon --randaugment 2,9 --threads 2" \
  "$(field 'commands[0]')"
expect "the compression command" \
  "tinyformer compress out/run --data cifar10:DIR -o out/model.onnx --epochs 3 --lr 0.01 --seed 7 --ramp-share 0.5 --optimizer muon --randaugment 2,9 --threads 2" \
  "$(field 'commands[1]')"
expect "no path of a machine" "run" "$(field recipe.compress.source)"
expect "the note" "Small." "$(field notes)"
cp -r "$out" "$tree/again"
sed -i 's/"seed": 7/"seed": 8/' "$tree/again/run/config.json" "$tree/again/run/compressed/config.json"
sed -i 's/0.75/0.5/' "$tree/again/run.json"
"$card" "$out" m --repeat "$tree/again" >/dev/null
expect "mean and half the range over the seeds" "7,8 0.75 0.625 0.125" "$(field "seeds.join()") $(field accuracy.int8) $(field accuracy.mean) $(field accuracy.spread)"
expect "a seed twice is refused" "tools/card: expected every seed once, found 7, 7" "$("$card" "$out" m --repeat "$out" 2>&1)"
sed -i 's/"lr": 0.01/"lr": 0.02/' "$tree/again/run/config.json"
expect "other options are refused" "tools/card: $tree/again: expected the recipe of $out with another seed, found other options" \
  "$("$card" "$out" m --repeat "$tree/again" 2>&1)"
expect "an unknown option is refused" "tools/card: usage: tools/card OUT NAME [--note TEXT] [--repeat OUT2]... [--card FILE]" \
  "$("$card" "$out" m --notes x 2>&1)"
exit $failed
