// Runs an ONNX model in ONNX Runtime on raw float32 inputs.
//
// Usage   node run_onnx.mjs MODEL INPUT OUTPUT [all|disabled]
// Input   one or more images, float32 little-endian, each in the layout of the model's input
// Output  for each image all outputs of the model, float32, in the order of the model's outputs
// Needs   TINYFORMER_ORT_DIR: the folder that install_onnxruntime filled
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const [model, inputPath, outputPath, level = 'all'] = process.argv.slice(2);
const folder = process.env.TINYFORMER_ORT_DIR;
if (!outputPath || !folder) {
  console.error('usage: TINYFORMER_ORT_DIR=DIR node run_onnx.mjs MODEL INPUT OUTPUT [all|disabled]');
  process.exit(2);
}
const ort = createRequire(path.join(path.resolve(folder), 'package.json'))('onnxruntime-node');

const session = await ort.InferenceSession.create(model, {
  graphOptimizationLevel: level,
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
});
const shape = session.inputMetadata[0].shape.map((d) => (typeof d === 'number' ? d : 1));
const size = shape.reduce((a, b) => a * b, 1);
const bytes = fs.readFileSync(inputPath);
const images = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
if (images.length === 0 || images.length % size !== 0) {
  console.error(`${inputPath}: ${images.length} numbers are not whole inputs of ${size}`);
  process.exit(2);
}
const out = fs.openSync(outputPath, 'w');
for (let i = 0; i < images.length; i += size) {
  const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', images.slice(i, i + size), shape)};
  const results = await session.run(feeds);
  for (const name of session.outputNames) {
    const data = results[name].data;
    fs.writeSync(out, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
}
fs.closeSync(out);
