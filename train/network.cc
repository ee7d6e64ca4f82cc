#include "train/network.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "train/modules/downsample.h"
#include "train/modules/inverted_residual.h"
#include "train/modules/pooling.h"
#include "train/modules/residual.h"
#include "train/modules/transformer.h"
#include "train/tensor_bytes.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

struct DotModules {
  DotModules(const LayerFactory& factory, const std::string& name, const DotGene& gene)
      : downsample(factory, name + ".down", gene.downsample.kind) {
    for (size_t i = 0; i < gene.residuals.size(); ++i)
      residuals.emplace_back(factory, name + ".res" + std::to_string(i + 1));
    for (size_t i = 0; i < gene.mobilenets.size(); ++i) {
      mobilenets.emplace_back(factory, name + ".mb" + std::to_string(i + 1), true);
    }
    for (size_t i = 0; i < gene.transformers.size(); ++i) {
      transformers.emplace_back(factory, name + ".tr" + std::to_string(i + 1),
                                gene.transformers[i]);
    }
  }

  at::Tensor Forward(at::Tensor x, const ForwardMode& mode) const {
    x = downsample.Forward(x, mode);
    for (const Residual& block : residuals) x = block.Forward(x, mode);
    for (const InvertedResidual& block : mobilenets) x = block.Forward(x, mode);
    for (const TransformerModule& block : transformers) x = block.Forward(x, mode);
    return x;
  }

  Downsample downsample;
  std::vector<Residual> residuals;
  std::vector<InvertedResidual> mobilenets;
  std::vector<TransformerModule> transformers;
};

}  // namespace

struct Network::Body {
  /// init: a seed, or where the tensors are.
  template <typename Init>
  Body(const Genome& from, const Init& init) : genome(from) {
    const std::vector<LayerSpec> layers = ListLayers(genome);
    const LayerFactory factory(layers, init, &parameters);
    if (genome.stem > 0) stem.emplace(factory, "stem.conv", Activation::kRelu);
    for (size_t i = 0; i < genome.dots.size(); ++i) {
      dots.emplace_back(factory, "dot" + std::to_string(i + 1), genome.dots[i]);
    }
    pooling.emplace(factory, "pool", genome.pooling);
    last.emplace(factory, "last");
    head.emplace(factory, "head");
  }

  Genome genome;
  Parameters parameters;
  std::optional<ConvBn> stem;
  std::vector<DotModules> dots;
  std::optional<Pooling> pooling;
  std::optional<Linear> last, head;
};

Network::Network(const Genome& genome, uint64_t seed)
    : body_(std::make_unique<Body>(genome, seed)) {}
Network::Network(const Genome& genome, const FindTensor& find)
    : body_(std::make_unique<Body>(genome, find)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

Network Network::Clone() const {
  Network copy(body_->genome, 0);
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < body_->parameters.size(); ++i) {
    const at::Tensor& from = body_->parameters[i].value;
    copy.body_->parameters[i].value.set_data(from.detach().clone());
  }
  return copy;
}

at::Tensor Network::Forward(const at::Tensor& images, const ForwardMode& mode) const {
  at::Tensor x = mode.Activation(images);
  if (body_->stem) x = body_->stem->Forward(x, mode);
  for (const DotModules& dot : body_->dots) x = dot.Forward(x, mode);
  x = body_->pooling->Forward(x, mode);
  x = mode.Activation(at::relu(body_->last->Forward(x, mode)));
  return mode.Activation(body_->head->Forward(x, mode)).to(at::kFloat);
}

const Genome& Network::genome() const { return body_->genome; }
const Parameters& Network::parameters() const { return body_->parameters; }

std::map<std::string, NamedTensor> ExportTensors(const Parameters& parameters) {
  std::map<std::string, NamedTensor> tensors;
  for (const Parameter& parameter : parameters)
    tensors[parameter.name] = ToNamedTensor(parameter.value);
  return tensors;
}

void ImportTensors(const std::map<std::string, NamedTensor>& tensors, const std::string& name,
                   const Parameters& parameters) {
  for (const Parameter& parameter : parameters) {
    const auto found = tensors.find(parameter.name);
    const Shape shape = parameter.value.sizes().vec();
    if (found == tensors.end() || found->second.shape != shape || found->second.dtype != "F32") {
      throw Error("train/weights", name,
                  "a float32 tensor '" + parameter.name + "' of shape " + ToString(shape),
                  found == tensors.end()
                      ? "no such tensor"
                      : found->second.dtype + " " + ToString(found->second.shape),
                  "use the weights and the genome of one run");
    }
    CopyInto(found->second, parameter.value);
  }
}

void MoveTensors(const Parameters& parameters, const std::string& device) {
  at::NoGradGuard no_grad;
  for (const Parameter& parameter : parameters)
    parameter.value.set_data(parameter.value.detach().to(at::Device(device)));
}

}  // namespace tinyformer
