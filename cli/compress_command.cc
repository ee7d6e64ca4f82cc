// tinyformer compress: prune and fine-tune (in tinyformer-train), then int8, then ONNX.
#include <CLI/App.hpp>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/writable_file.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/option_check.h"
#include "cli/train_program.h"
#include "compiler/export/write_onnx.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"
#include "search/build_graph.h"

namespace tinyformer {
namespace {

// Options that tinyformer-train understands; it checks their values.
const std::vector<std::pair<const char*, const char*>> kForwarded = {
    {"--genome", "file of the same network with other sparsities and blocks"},
    {"--sparsity", "of every prunable layer; without it: as the genome says"},
    {"--epochs", "passes over the training images (100)"},
    {"--ramp-share", "share of the steps in which sparsity grows (0.5)"},
    {"--batch", "images per step (128)"},
    {"--lr", "peak learning rate (0.0002)"},
    {"--min-lr", "learning rate of the last step"},
    {"--weight-decay", "times the learning rate; never of biases and norms"},
    {"--optimizer", "adamw, or muon, which learns in fewer epochs"},
    {"--label-smoothing", "share of the target spread over all classes"},
    {"--ema", "decay per step of the averaged weights, 0: none"},
    {"--mixup", "Beta parameter, 0: off"},
    {"--cutmix", "Beta parameter, 0: off"},
    {"--mix-end-epoch", "mixup and cutmix stop before this epoch"},
    {"--randaugment", "OPS,MAGNITUDE, for example 2,9"},
    {"--random-erasing", "probability per image"},
    {"--teacher", "run folder of a trained network to learn from"},
    {"--temperature", "of the teacher's and the student's logits"},
    {"--alpha", "share of the teacher's loss"},
    {"--qat-epochs", "the last epochs, rounded as int8 will round (0)"},
    {"--recalibration-batches", "training batches for the final batch norm statistics"},
    {"--seed", "of order and augmentation (1)"},
    {"--threads", "0: one per core"},
    {"--amp", "bfloat16 products: auto, bf16 or off"},
    {"--device", "auto, cpu or cuda"},
    {"--limit-train", "only this many training images (a quick trial)"},
    {"--checkpoint-seconds", "also saved after every epoch"},
};

class CompressCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("run", run_, "folder of the trained run")->required();
    app.add_option("--data", data_, "the data set that it was trained on")->required();
    app.add_option("-o,--output", output_, "the ONNX file to write")->required();
    DeclareCalibration(app, calibration_);
    app.add_option("--check-images", check_images_,
                   "validation images, spread evenly over all, on which the int8 network is "
                   "scored; without "
                   "it: all")
        ->check(WholeNumber(0, 1000000000));
    for (const auto& [name, what] : kForwarded) {
      app.add_option(name, forwarded_[name], what)->group("Pruning and fine-tuning");
    }
    app.footer("The pruned run is RUN/compressed; a run that is there goes on or is reused.");
  }

  Answer Run(const CommandLine& line) override {
    RequireWritableFile(output_);
    const std::string pruned = run_ + "/compressed";
    int status = kExitOk;
    const Json training = Prune(pruned, &status);
    if (status != kExitOk) return {training, "", status};

    const Genome genome = ParseGenome(ReadJson(pruned + "/genome.json"), pruned + "/genome.json");
    const std::string weights_path = pruned + "/model.safetensors";
    const TensorFile weights = ReadTensors(weights_path);
    const Dataset data = OpenDatasetFor(data_, genome.height, genome.width, genome.channels);
    const Graph graph = BuildGraph(genome, weights.tensors, weights_path);
    const Graph annotated = CalibrateOn(graph, data, calibration_);
    const std::string model = WriteOnnx(annotated);
    const Quality int8 = Score(annotated, data);
    WriteFileAtomic(output_, model);

    Answer answer;
    answer.json["model"] = output_;
    answer.json["model_bytes"] = model.size();
    answer.json["run"] = pruned;
    for (const char* key : {"validation_accuracy", "validation_loss", "sparsity", "epochs"}) {
      answer.json[key] = training.value(key, Json(nullptr));
    }
    const PaperCosts costs = ComputePaperCosts(genome);
    answer.json["weights"] = costs.weights;
    answer.json["effective_weights"] = costs.effective_weights;
    answer.json["validation_accuracy_int8"] =
        int8.images > 0 ? Json(int8.accuracy()) : Json(nullptr);
    answer.json["validation_images_int8"] = int8.images;
    answer.json["provenance"] =
        ToJson(MakeProvenance(line, Checksum(ReadFile(weights_path)), "", calibration_.method));
    answer.text = Text(training, int8, model.size());
    return answer;
  }

 private:
  struct Quality {
    int64_t images = 0, correct = 0;
    double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
  };

  // tinyformer-train's answer; *status is its exit status.
  Json Prune(const std::string& folder, int* status) const {
    std::vector<std::string> arguments{"compress", run_, "--data", data_, "-o", folder, "--json"};
    for (const auto& [name, unused] : kForwarded) {
      const std::string& value = forwarded_.at(name);
      if (!value.empty()) arguments.insert(arguments.end(), {name, value});
    }
    const ProgramResult result = RunTrainProgram(arguments);
    *status = result.status;
    ThrowIfInterrupted();  // it may have ended before it listened
    if (result.status == kExitInterrupted) throw Interrupted();
    if (result.output.empty()) {  // not even an error: what ends a program like this is a signal
      throw Error("cli/train-ended", "tinyformer-train compress", "its answer",
                  "exit status " + std::to_string(result.status),
                  "run the same command again, it goes on; if it ran out of memory (status 137), "
                  "with a smaller --batch");
    }
    return ParseJson(result.output, "answer of tinyformer-train");
  }

  Quality Score(const Graph& annotated, const Dataset& data) const {
    Quality quality;
    const Graph quantized = QuantizeGraph(Lower(annotated));
    const Normalization normalization =
        ChooseNormalization(data.info, calibration_.mean, calibration_.stddev);
    const Quantization input = *quantized.value(quantized.inputs.at(0)).quantization;
    const SpreadImages images(*data.validation, check_images_);
    quality.images = images.size();
    if (quality.images == 0) return quality;
    QuantizedEvaluator evaluator(quantized);
    Progress progress("check int8", quality.images, "images");
    for (int64_t i = 0; i < quality.images; ++i) {
      ThrowIfInterrupted();
      const std::vector<int8_t> logits =
          evaluator.Run(QuantizeImages(images, data.info, normalization, input, i, 1));
      const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
      quality.correct += best == images.label(i);
      progress.Update(i + 1);
    }
    return quality;
  }

  std::string Text(const Json& training, const Quality& int8, size_t bytes) const {
    char text[512];
    std::snprintf(text, sizeof text, "sparsity %.1f %%, validation accuracy %.2f %% pruned (float)",
                  100 * training.value("sparsity", 0.0),
                  100 * training.value("validation_accuracy", 0.0));
    std::string lines = text;
    if (int8.images > 0) {
      std::snprintf(text, sizeof text, ", %.2f %% int8 (%lld images)", 100 * int8.accuracy(),
                    static_cast<long long>(int8.images));
      lines += text;
    }
    return lines + "\n" + output_ + ": " + std::to_string(bytes) + " bytes\n";
  }

  std::string run_, data_, output_;
  CalibrationRequest calibration_;
  int64_t check_images_ = std::numeric_limits<int64_t>::max();
  std::map<std::string, std::string> forwarded_;
};

}  // namespace

std::unique_ptr<Command> MakeCompressCommand() { return std::make_unique<CompressCommand>(); }

}  // namespace tinyformer
