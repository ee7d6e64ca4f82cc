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
    "source_weights": "ab", "supernet": "", "supernet_weights": "", "sampling": "uniform", "qat_epochs": 0, "optimizer": "muon", "device": "cpu", "amp": "off", "limit_train": 0}, "data": {"spec": "cifar10:/data", "fingerprint": "ab"},
    "environment": {"threads": 2, "bf16": false}}' "$1" "$2"
}
config train 5 >"$out/run/config.json"
config compress 3 >"$out/run/compressed/config.json"
echo '{"name": "m"}' >"$out/run/compressed/genome.json"
echo model >"$out/model.onnx"
echo '{"target": "stm32f746", "flash_bytes": 10, "ram_peak_bytes": 20, "weight_bytes": 5}' >"$out/compile.json"
echo '{"cycles_estimate": 99}' >"$out/profile.json"
echo '{"effective_weights": 7}' >"$out/compress.json"
expect "a missing file is named" "tools/card: $out/run.json: ENOENT: no such file or directory; make it with README's commands" \
  "$("$card" "$out" m 2>&1)"
echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "validation", "accuracy_float": 0.5}' >"$out/run.json"
expect "validation images are refused" "tools/card: $out/run.json: expected a run on the test images with --compare $out/run, found another; make it with README's commands" "$("$card" "$out" m 2>&1)"
echo '{"images": 4, "correct": 3, "accuracy": 0.75, "split": "test", "accuracy_float": 1, "accuracy_pruned": 0.5}' >"$out/run.json"
expect "it says what it wrote" "zoo/m.onnx, zoo/m.json, zoo/m.genome.json; now: tools/results --write" "$("$card" "$out" m --note 'Small.')"
expect "the model is beside it" model "$(cat "$tree/zoo/m.onnx")"
expect "accuracies" '1 0.5 0.75 4' "$(field accuracy.float) $(field accuracy.pruned) $(field accuracy.int8) $(field accuracy.n)"
expect "bytes, cycles and weights" '10 20 5 99 7' "$(field bytes.flash) $(field bytes.ram_peak) $(field bytes.weights) $(field cycles_estimate) $(field effective_weights)"
expect "the training command" \
  "tinyformer train --data cifar10:DIR --genome zoo/m.genome.json -o out/run --epochs 5 --lr 0.01 --warmup-epochs 1 --seed 7 --optimizer muon --randaugment 2,9 --threads 2" \
  "$(field 'commands[0]')"
expect "the compression command" \
  "tinyformer compress out/run --data cifar10:DIR -o out/model.onnx --epochs 3 --lr 0.01 --seed 7 --ramp-share 0.5 --optimizer muon --randaugment 2,9 --threads 2 --json > out/compress.json" \
  "$(field 'commands[1]')"
expect "no path of a machine" "run" "$(field 'recipe.compress[0].source')"
expect "the note" "Small." "$(field notes)"
expect "the genome of the commands is beside it" '{"name":"m"}' "$(node -p "JSON.stringify(JSON.parse(require('fs').readFileSync('$tree/zoo/m.genome.json', 'utf8')))")"
expect "a genome that is there stays" "zoo/m.onnx, zoo/m.json; now: tools/results --write" "$("$card" "$out" m --note 'Small.')"
cp -r "$out" "$tree/again"
sed -i 's/"seed": 7/"seed": 8/' "$tree/again/run/config.json" "$tree/again/run/compressed/config.json"
sed -i 's/0.75/0.5/' "$tree/again/run.json"
"$card" "$out" m --repeat "$tree/again" >/dev/null
expect "mean and half the range over the seeds" "7,8 0.75 0.625 0.125" "$(field "seeds.join()") $(field accuracy.int8) $(field accuracy.mean) $(field accuracy.spread)"
expect "a seed twice is refused" "tools/card: expected every seed once, found 7, 7" "$("$card" "$out" m --repeat "$out" 2>&1)"
# repeated WHAT FILE FROM TO: the error where a file of the repeat is another.
repeated() {
  cp "$tree/again/$2" "$tree/kept"
  sed -i "s/$3/$4/" "$tree/again/$2"
  expect "$1 of a repeat is refused" "tools/card: $tree/again: expected the recipe of $out with another seed, found $1" \
    "$("$card" "$out" m --repeat "$tree/again" 2>&1)"
  mv "$tree/kept" "$tree/again/$2"
}
repeated "another genome" run/compressed/genome.json '"m"' '"m", "dim": 8'
repeated "other data" run/compressed/config.json '"ab"}' '"cd"}'
repeated "another target" compile.json stm32f746 stm32h743
sed -i 's/"lr": 0.01/"lr": 0.02/' "$tree/again/run/config.json"
expect "other options are refused" "tools/card: $tree/again: expected the recipe of $out with another seed, found other options" \
  "$("$card" "$out" m --repeat "$tree/again" 2>&1)"
expect "an unknown option is refused" "tools/card: usage: tools/card OUT NAME [--note TEXT] [--repeat OUT2]... [--card FILE]" \
  "$("$card" "$out" m --notes x 2>&1)"
expect "a NAME that every object has is no option" "tools/card: usage: tools/card OUT NAME [--note TEXT] [--repeat OUT2]... [--card FILE]" \
  "$("$card" "$out" m toString x 2>&1)"
for name in ../m a/b .m m.genome 'a b'; do
  expect "the NAME $name is refused" \
    "tools/card: expected a NAME of letters, digits, '.', '-' and '_', a letter or digit first, that does not end with .genome, found '$name'; the files in zoo/ get it" \
    "$("$card" "$out" "$name" 2>&1)"
done

# refused NAME FILE CONTENT EXPECTED: the error where a file of OUT is another.
refused() {
  mv "$out/$2" "$tree/kept"
  echo "$3" >"$out/$2"
  expect "$1" "tools/card: $out/$2$4; make it with README's commands" "$("$card" "$out" m 2>&1)"
  mv "$tree/kept" "$out/$2"
}
refused "no JSON" profile.json '{' " is not JSON ($(node -p "try { JSON.parse('{\\n') } catch (error) { error.message }"))"
refused "an empty object" compile.json '{}' ": expected a text as target, found nothing"
refused "a list" profile.json '[]' ": expected a JSON object, found an empty list"
refused "an error" profile.json '{"error": {}}' ": expected a number as cycles_estimate, found nothing"
refused "an error of compress" compress.json '{"error": {}}' ": expected a number as effective_weights, found nothing"
refused "no genome" run/compressed/genome.json null ": expected a JSON object, found null"
refused "no recipe" run/config.json '{}' ": expected an object as recipe, found nothing"
refused "an option that is none" run/config.json '{"recipe": {"lr": null}}' ": expected a number or a text as recipe.lr, found null"
refused "a seed that is a text" run/config.json '{"recipe": {"epochs": 1, "seed": "1"}}' ': expected a number as recipe.seed, found "1"'
refused "no pruned accuracy" run.json '{"split": "test", "images": 4, "accuracy": 1, "accuracy_float": 1}' ": expected a number as accuracy_pruned, found nothing"
sed -i 's/cifar10:/toString:/' "$out/run/config.json"
expect "an unknown data set" \
  "tools/card: $out/run/config.json: expected a data.spec of cifar10, imagenet32, synthetic, folder, found 'toString'; make it with README's commands" \
  "$("$card" "$out" m 2>&1)"

config train 5 | sed 's|"limit_train": 0|"limit_train": 16|; s|"amp": "off"|"amp": "bf16"|; s|"teacher": ""|"teacher": "/a/big teacher"|' >"$out/run/config.json"
"$card" "$out" m >/dev/null
expect "a trial, a teacher and forced arithmetic are in the command" \
  "tinyformer train --data cifar10:DIR --genome zoo/m.genome.json -o out/run --epochs 5 --lr 0.01 --warmup-epochs 1 --teacher 'out/big teacher' --temperature 4 \
--seed 7 --optimizer muon --limit-train 16 --randaugment 2,9 --amp bf16 --threads 2" "$(field 'commands[0]')"

# A model that was compressed twice, the second time by a teacher of the zoo.
mkdir -p "$tree/zoo/checkpoints" "$out/run/compressed/compressed"
touch "$tree/zoo/checkpoints/big.tar.xz"
config compress 4 | sed 's|"teacher": ""|"teacher": "/a/big/run/compressed"|' >"$out/run/compressed/compressed/config.json"
cp "$out/run/compressed/genome.json" "$out/run/compressed/compressed"
"$card" "$out" m >/dev/null
expect "a second compression that has not ended is none" "3" "$(field epochs.compress)"
touch "$out/run/compressed/compressed/model.safetensors"
"$card" "$out" m >/dev/null
expect "the teacher is unpacked first" "mkdir -p out && tar -xJf zoo/checkpoints/big.tar.xz -C out" "$(field 'commands[0]')"
expect "the first compression" \
  "tinyformer compress out/run --data cifar10:DIR -o out/model.onnx --epochs 3 --lr 0.01 --seed 7 --ramp-share 0.5 --optimizer muon --randaugment 2,9 --threads 2 --json > out/compress.json" \
  "$(field 'commands[2]')"
expect "the second goes on from it" \
  "tinyformer compress out/run/compressed --data cifar10:DIR -o out/model.onnx --epochs 4 --lr 0.01 --teacher out/big/run/compressed --temperature 4 --seed 7 \
--ramp-share 0.5 --optimizer muon --randaugment 2,9 --threads 2 --json > out/compress.json" "$(field 'commands[3]')"
expect "the epochs of both" "5 7 big/run/compressed" "$(field epochs.train) $(field epochs.compress) $(field 'recipe.compress[1].teacher')"
sed -i 's/"lr": 0.02/"lr": 0.01/' "$tree/again/run/config.json"
expect "another number of compressions is refused" "tools/card: $tree/again: expected the recipe of $out with another seed, found other options" \
  "$("$card" "$out" m --repeat "$tree/again" 2>&1)"
rm -r "$out/run/compressed/compressed"

head -c 2000 /dev/zero >"$out/model.onnx"
cksum "$tree"/zoo/* >"$tree/before"
expect "a full disk is said" \
  "tools/card: cannot write $tree/zoo/m.onnx (EFBIG: file too large); nothing was changed, make room or choose a place that can be written" \
  "$(ulimit -f 1; "$card" "$out" m 2>&1)"
expect "the zoo is as it was, and nothing beside it" "$(cat "$tree/before")" "$(cksum "$tree"/zoo/*)"
expect "a full device is said" \
  "tools/card: cannot write /dev/full (ENOSPC: no space left on device); nothing was changed, make room or choose a place that can be written" \
  "$("$card" "$out" m --card /dev/full 2>&1)"
rm "$tree/zoo/m.json" && mkdir "$tree/zoo/m.json"
expect "a folder in a card's place is said" \
  "tools/card: cannot write $tree/zoo/m.json (EISDIR: it is a folder); nothing was changed, make room or choose a place that can be written" \
  "$("$card" "$out" m 2>&1)"
expect "and the model is as it was" "model" "$(cat "$tree/zoo/m.onnx")"
rmdir "$tree/zoo/m.json"
cat >"$tree/busy.js" <<END
const fs = require("fs");
const rename = fs.renameSync;
fs.renameSync = (from, to) => { if (to.endsWith("m.json")) throw new Error("EBUSY: it is in use, rename"); rename(from, to); };
END
expect "a second file that cannot be replaced is said with the first" \
  "tools/card: cannot write $tree/zoo/m.json (EBUSY: it is in use); $tree/zoo/m.onnx was changed, make room or choose a place that can be written" \
  "$(NODE_OPTIONS="--require $tree/busy.js" "$card" "$out" m 2>&1)"
rm "$out/model.onnx"
expect "a missing model is named" "tools/card: $out/model.onnx: ENOENT: no such file or directory; make it with README's commands" "$("$card" "$out" m 2>&1)"
echo '{"name": "other"}' >"$tree/zoo/m.genome.json"
expect "another genome of that name is refused" \
  "tools/card: $tree/zoo/m.genome.json: expected the genome of $out/run/compressed/genome.json, found another one; give the model another NAME, or remove the file" \
  "$("$card" "$out" m 2>&1)"
exit $failed
