// For tests: small int8 models that `tinyformer compile` takes.
#pragma once

#include <string>

#include "base/rng.h"
#include "compiler/export/write_onnx.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/quantize/calibrate.h"

namespace tinyformer {

/// The graph as int8 ONNX, calibrated on noise.
inline std::string Int8Onnx(const Graph& graph) {
  const int64_t elements = ElementCount(graph.value(graph.inputs.at(0)).shape);
  CalibrationImages images;
  images.count = 2;
  images.read = [elements](int64_t index, float* input) {
    Rng rng(static_cast<uint64_t>(index), "image");
    for (int64_t i = 0; i < elements; ++i) input[i] = static_cast<float>(rng.Uniform(-2, 2));
  };
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  return WriteOnnx(Calibrate(graph, images, options));
}

/// Convolution, pooling and a classifier for 8x8 images.
inline Graph SmallNetwork(int64_t classes = 4) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.MaxPool(b.Node1("Relu", {b.Conv(b.x, 4, 3)}));
  b.x = b.Gemm(b.Reshape(b.x, {1, 64}), classes);
  return b.Build();
}

/// For the images of `synthetic`: ten scores from 32x32 pixels.
inline Graph ColourNetwork() {
  NetworkBuilder b(1, {1, 3, 32, 32});
  b.x = b.MaxPool(b.Node1("Relu", {b.Conv(b.x, 4, 3, 2)}));
  b.x = b.Gemm(b.Reshape(b.x, {1, 256}), 10);
  return b.Build();
}

/// Layers of 60 and 64 maps of 64x64: too much RAM for a board of 320 KB.
inline Graph WideNetwork() {
  NetworkBuilder b(1, {1, 3, 64, 64});
  b.x = b.Conv(b.Node1("Relu", {b.Conv(b.x, 60, 1)}), 64, 1);
  b.x = b.Gemm(b.SeqPool(b.ToTokens(b.x)), 4);
  return b.Build();
}

/// Two dense matrices; with 2048 between them, 1.3 million weights: too much for 1 MB of flash.
inline Graph HeavyNetwork(int64_t width = 2048) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.Node1("Relu", {b.Gemm(b.Reshape(b.x, {1, 192}), width)});
  b.x = b.Gemm(b.Node1("Relu", {b.Gemm(b.x, 448)}), 4);
  return b.Build();
}

/// Many kinds of layers, and so much code, before two dense matrices.
inline Graph MixedNetwork(int64_t width) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.InvertedResidual(b.MaxPool(b.ConvBnRelu(b.x, 8, 3)), 2);
  b.x = b.SeqPool(b.Encoder(b.ToTokens(b.x), 2, 2));
  b.x = b.Node1("Relu", {b.Gemm(b.x, width)});
  b.x = b.Gemm(b.Node1("Relu", {b.Gemm(b.x, 448)}), 4);
  return b.Build();
}

}  // namespace tinyformer
