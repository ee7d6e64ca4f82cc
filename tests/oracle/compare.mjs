// Compares firmware with ONNX Runtime on the model that it was compiled from: class by class, output by output.
//
// Usage   TINYFORMER_ORT_DIR=DIR node compare.mjs MODEL PLAN INPUTS OUTPUTS LABELS
//         MODEL    model.onnx (int8, QuantizeLinear)
//         PLAN     firmware/plan.json: scale and zero point of input and output
//         others   what `tinyformer run firmware --save-inputs --output --save-labels` wrote
// Prints  one JSON object: images, top1_agreement, accuracy of both, worst and mean difference of outputs in LSB
// Needs   TINYFORMER_ORT_DIR: the folder that install_onnxruntime filled
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const [model, planPath, inputsPath, outputsPath, labelsPath] = process.argv.slice(2);
const folder = process.env.TINYFORMER_ORT_DIR;
if (!labelsPath || !folder) {
  console.error('usage: TINYFORMER_ORT_DIR=DIR node compare.mjs MODEL PLAN INPUTS OUTPUTS LABELS');
  process.exit(2);
}
const require = createRequire(path.join(path.resolve(folder), 'package.json'));
let ort;
try {
  ort = require('onnxruntime-node');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  console.error(`no onnxruntime-node in ${folder}; tools/setup installs it into build/onnxruntime`);
  process.exit(2);
}

// A .npy file's elements; the types that tinyformer writes.
function readArray(file) {
  const bytes = fs.readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const data = bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length);
  return header.includes("'|i1'") ? new Int8Array(data) : new BigInt64Array(data);
}

const plan = JSON.parse(fs.readFileSync(planPath, 'utf8'));
const [, height, width, channels] = plan.input.shape;
const area = height * width;
const size = area * channels;
const classes = plan.output.shape.reduce((a, b) => a * b, 1);
const inputs = readArray(inputsPath);
const outputs = readArray(outputsPath);
const labels = readArray(labelsPath);
const images = labels.length;
if (inputs.length !== images * size || outputs.length !== images * classes) {
  console.error(`${inputs.length} inputs and ${outputs.length} outputs are not those of ${images} images`);
  process.exit(2);
}

const session = await ort.InferenceSession.create(model, {
  graphOptimizationLevel: 'all',
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
});
const best = (values) => values.reduce((at, v, i) => (v > values[at] ? i : at), 0);
let agree = 0;
let right = 0;
let ortRight = 0;
let worst = 0;
let sum = 0;
for (let i = 0; i < images; ++i) {
  const nchw = new Float32Array(size);
  for (let p = 0; p < area; ++p) {
    for (let c = 0; c < channels; ++c) {
      nchw[c * area + p] = plan.input.scale * (inputs[i * size + p * channels + c] - plan.input.zero_point);
    }
  }
  const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', nchw, [1, channels, height, width])};
  const logits = Array.from((await session.run(feeds))[session.outputNames[0]].data);
  const ours = Array.from(outputs.subarray(i * classes, (i + 1) * classes));
  const label = Number(labels[i]);
  agree += best(ours) === best(logits);
  right += best(ours) === label;
  ortRight += best(logits) === label;
  for (let k = 0; k < classes; ++k) {
    const difference = Math.abs(Math.round(logits[k] / plan.output.scale) + plan.output.zero_point - ours[k]);
    worst = Math.max(worst, difference);
    sum += difference;
  }
}
console.log(JSON.stringify({
  images,
  top1_agreement: agree / images,
  accuracy: right / images,
  accuracy_onnxruntime: ortRight / images,
  worst_lsb: worst,
  mean_lsb: sum / (images * classes),
}, null, 2));
