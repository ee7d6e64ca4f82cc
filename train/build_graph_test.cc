// The graph that the compiler gets computes what was trained.
#include "search/build_graph.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler/ops/evaluate.h"
#include "train/network.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

// Weights of a network that was not just initialised: batch norms with statistics of their own,
// biases, scores that differ.
std::map<std::string, NamedTensor> NetworkWeights(const Genome& genome, uint64_t seed) {
  const Network network(genome, seed);
  std::map<std::string, NamedTensor> tensors = ExportTensors(network.parameters());
  for (auto& [name, tensor] : tensors) {
    Rng rng(seed, name);
    std::vector<float> values = tensor.Floats();
    const bool positive = name.ends_with("running_var") || name.ends_with("bn.weight");
    const bool matrix = tensor.shape.size() > 1;
    for (float& value : values) {
      if (positive) {
        value = static_cast<float>(rng.Uniform(0.5, 1.5));
      } else if (matrix) {
        value += static_cast<float>(0.1 * rng.Normal());
      } else {
        value += static_cast<float>(rng.Uniform(-0.3, 0.3));
      }
    }
    tensor = NamedTensor::Float32(tensor.shape, values.data());
  }
  return tensors;
}

std::vector<Genome> Genomes() {
  Genome first = SmallGenome();
  Genome second = SmallGenome();
  second.stem = 8;
  second.pooling = "average";
  second.height = second.width = 16;
  second.dots[0].downsample.kind = "inverted_residual";
  second.dots[1].downsample.kind = "conv_maxpool";
  second.dots[1].mobilenets.push_back({4, {0, 2}});
  Genome third = SmallGenome();
  third.pooling = "global";
  third.height = 16;
  third.dots[0].transformers.push_back({1, 4, true, {0, 4}});
  third.dots[1].transformers.clear();
  Genome fourth = SmallGenome();
  fourth.dots[0].residuals = {{{0.5, 2}}, {}};
  fourth.dots[1].transformers = {{2, 2, false, {0.5, 4}, false}, {4, 1, false, {}, false}};
  return {first, second, third, fourth, ReferencePointA()};
}

TEST(BuildGraph, ComputesWhatTheNetworkComputes) {
  uint64_t seed = 0;
  for (const Genome& genome : Genomes()) {
    SCOPED_TRACE("genome " + std::to_string(seed));
    const auto tensors = NetworkWeights(genome, ++seed);
    const Network network(genome, 0);
    ImportTensors(tensors, "weights", network.parameters());
    const Graph graph = BuildGraph(genome, tensors, "weights");
    const FloatEvaluator evaluator(graph);
    for (uint64_t image = 0; image < 3; ++image) {
      Rng rng(image, "image");
      at::Tensor x = at::empty({1, genome.channels, genome.height, genome.width},
                               at::TensorOptions(at::kFloat));
      std::vector<float> input(static_cast<size_t>(x.numel()));
      for (float& value : input) value = static_cast<float>(rng.Normal());
      std::copy(input.begin(), input.end(), x.data_ptr<float>());
      at::NoGradGuard no_grad;
      const at::Tensor expected = network.Forward(x, ForwardMode());
      const std::vector<float> logits = evaluator.Run(input);
      ASSERT_EQ(static_cast<int64_t>(logits.size()), expected.numel());
      // About 40 layers of float sums whose rounding differs: each some 1e-6 of the largest value.
      const double bound = 1e-4 * expected.abs().max().item<double>();
      for (size_t i = 0; i < logits.size(); ++i)
        EXPECT_NEAR(logits[i], expected.data_ptr<float>()[i], bound);
    }
  }
}

TEST(BuildGraph, NamesNodesAfterLayers) {
  const Genome genome = SmallGenome();
  const Graph graph = BuildGraph(genome, ExportTensors(Network(genome, 1).parameters()), "weights");
  for (const LayerSpec& layer : ListLayers(genome)) {
    const auto node = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                   [&](const Node& n) { return n.name == layer.name; });
    EXPECT_NE(node, graph.nodes.end()) << layer.name;
  }
}

TEST(BuildGraph, NamesTheTensorThatIsNotThere) {
  const Genome genome = SmallGenome();
  auto tensors = ExportTensors(Network(genome, 1).parameters());
  tensors.erase("dot1.tr1.q.bias");
  try {
    BuildGraph(genome, tensors, "run/model.safetensors");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[genome/weights] run/model.safetensors\n"
                 "  expected: a float32 tensor 'dot1.tr1.q.bias' of shape [8]\n"
                 "  found:    no such tensor\n"
                 "  fix:      use the weights and the genome of one run");
  }
}

}  // namespace
}  // namespace tinyformer
