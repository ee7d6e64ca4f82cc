// tinyformer compile: an ONNX model to a firmware folder, linked once to know that it fits.
#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/limit_option.h"
#include "cli/target_limits.h"
#include "compiler/compile.h"
#include "compiler/cost/cycle_table.h"
#include "compiler/cost/layer_table.h"
#include "compiler/emit/emit.h"
#include "compiler/import/read_onnx.h"
#include "compiler/passes/channels_first_input.h"
#include "compiler/passes/pipeline.h"
#include "compiler/passes/propagate_quantization.h"
#include "compiler/quantize/quantize_graph.h"
#include "sim/board.h"
#include "sim/build.h"

namespace tinyformer {
namespace {

constexpr int64_t kFlashEstimateError = 16 << 10;

// All boards but that one; one that cannot be read is not recommended.
std::vector<TargetLimits> OtherTargets(const Board& board) {
  std::vector<TargetLimits> targets;
  for (const std::string& name : BoardNames()) {
    if (name == board.name) continue;
    try {
      targets.push_back(LimitsOf(FindBoard(name)));
    } catch (const Error&) {
      continue;
    }
  }
  return targets;
}

std::string CyclesNote(const Board& board) {
  if (CycleTableKnows(board.cpu)) {
    return "est. cycles are those by which kernels are chosen; tinyformer profile runs the "
           "code\n\n";
  }
  return "est. cycles are a Cortex-M7's, by which kernels are chosen; tinyformer profile estimates "
         "this " +
         board.cpu + "'s\n\n";
}

// The error with each name in place of another: of what the user knows for what is built aside.
Error Renamed(const Error& error, const std::vector<std::pair<std::string, std::string>>& names) {
  const auto renamed = [&](std::string text) {
    for (const auto& [aside, users] : names) {
      for (size_t at = 0; (at = text.find(aside, at)) != std::string::npos; at += users.size()) {
        text.replace(at, aside.size(), users);
      }
    }
    return text;
  };
  return {error.code(), renamed(error.where()), error.expected(), renamed(error.found()),
          error.fix()};
}

// "flash   853,572 of 1,048,576 bytes"
std::string UseLine(const std::string& what, int64_t bytes, int64_t limit) {
  char text[160];
  std::snprintf(text, sizeof text, "%-6s %9s of %s bytes (%.1f %%)\n", what.c_str(),
                WithThousands(bytes).c_str(), WithThousands(limit).c_str(),
                100.0 * static_cast<double>(bytes) / static_cast<double>(limit));
  return text;
}

class CompileCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("model", model_, "ONNX file: int8 (QuantizeLinear) or float with --calibrate")
        ->required();
    app.add_option("--target", target_, "board; tinyformer targets lists them")
        ->capture_default_str();
    app.add_option("--limit", limit_,
                   "less than the target has, to leave room for other code: "
                   "flash=700kB,ram=200KiB");
    app.add_option("--calibrate", data_,
                   "data set whose training images a float model is quantized on");
    app.add_option("--codec", codec_, "how weights are stored: auto, dense, rlc or bitmap")
        ->capture_default_str();
    app.add_option("--optimize", optimize_, "balanced, speed, size or ram")->capture_default_str();
    app.add_flag("--explain", explain_,
                 "also print each layer's other kernels and where each tensor lies");
    app.add_option("--prefix", prefix_, "of the C functions and macros")->capture_default_str();
    app.add_option("-o,--output", output_, "firmware folder; one that is there is replaced")
        ->required();
    DeclareCalibration(app, calibration_);
  }

  Answer Run(const CommandLine& line) override {
    const Board board = FindBoard(target_);
    CompileOptions options;
    options.target = LimitsOf(board, Limits(board));
    if (limit_.empty()) options.other_targets = OtherTargets(board);
    options.codec = ParseCodecRequest(codec_);
    options.optimize = ParseOptimize(optimize_);
    options.prefix = prefix_;

    CheckPrefix(prefix_);  // before the long work
    RequireReplaceable(output_);
    RequireOutside(model_, output_);
    if (const size_t colon = data_.find(':'); colon != std::string::npos)
      RequireOutside(data_.substr(colon + 1), output_);
    const Graph quantized = QuantizeGraph(Lower(ReadQuantized()));
    options.flash_slack_bytes = kFlashEstimateError;
    CompileResult result = Compile(quantized, options);
    options.flash_slack_bytes = 0;
    Answer answer;
    if (result.fit.ok && !Link(board, options.target, result)) {
      // Without the linker's word the estimate decides; it also says what would help.
      const CompileResult estimated = Compile(quantized, options);
      if (!estimated.fit.ok) result = estimated;
    }
    answer.json = result.summary;
    answer.json["cycles_core"] = "cortex-m7";
    const std::string flags = "--codec " + codec_ + " --optimize " + optimize_ +
                              (limit_.empty() ? "" : " --limit " + limit_);
    answer.json["provenance"] =
        ToJson(MakeProvenance(line, Checksum(ReadFile(model_)), board.title, flags));
    if (!result.fit.ok) return Refuse(result, std::move(answer));

    WriteSourceTree(result.tree, output_);
    answer.text = result.tables + "\n" + (explain_ ? result.explanation + "\n" : "") +
                  CyclesNote(board) +
                  UseLine("flash", result.use.flash_bytes, options.target.flash_bytes) +
                  UseLine("RAM", result.use.sram_peak_bytes, options.target.ram_bytes) + "fits " +
                  board.name + "; firmware in " + output_ + "\n";
    return answer;
  }

 private:
  SearchLimits Limits(const Board& board) const {
    const TargetLimits target = LimitsOf(board);
    const SearchLimits limits =
        ParseLimits(limit_, {target.flash_bytes, target.ram_bytes, 0}, board.clock_hz);
    if (limits.cycles > 0) {
      throw Error("cli/limit", "--limit latency", "flash= or ram=", "latency=",
                  "leave it out; compile prints estimated cycles, and keeps to bytes only");
    }
    return limits;
  }

  Graph ReadQuantized() const {
    Graph graph = ChannelsFirstInput(ReadOnnx(model_));
    WarnOfChannelsLast(graph);
    std::string float_value;
    if (IsQuantizedModel(PropagateQuantization(graph), &float_value)) {
      if (!data_.empty()) {
        std::cerr << "warning: " << model_
                  << " is int8 already; --calibrate changes nothing and is ignored\n";
      }
      return graph;
    }
    const bool in_part =
        std::any_of(graph.values.begin(), graph.values.end(),
                    [](const Value& value) { return value.quantization && !value.is_constant(); });
    if (data_.empty() && in_part) {
      throw Error("compile/float-model", model_, "an int8 model without float tensors",
                  "tensor '" + float_value + "' is float32, others are int8",
                  "quantize that tensor, too, or give the float model and --calibrate");
    }
    if (data_.empty()) {
      throw Error("compile/float-model", model_,
                  "an int8 model with QuantizeLinear nodes, or --calibrate",
                  "tensor '" + float_value + "' is float32",
                  "add --calibrate folder:DIR (or cifar10:DIR, ...) with images like those that "
                  "the model was trained on");
    }
    const Shape& shape = graph.value(graph.inputs.at(0)).shape;
    if (shape.size() != 4) {
      throw Error("compile/calibrate-input", model_, "an input of images, [1, channels, h, w]",
                  ToString(shape), "quantize this model where it was trained and export it as QDQ");
    }
    const Dataset data = OpenDatasetFor(data_, shape[2], shape[3], shape[1]);
    return CalibrateOn(graph, data, calibration_);
  }

  // An image whose rows look like channels.
  void WarnOfChannelsLast(const Graph& graph) const {
    const Shape& s = graph.value(graph.inputs.at(0)).shape;
    constexpr int64_t kMostColours = 4;
    if (s.size() != 4 || s[1] <= kMostColours || s[2] <= kMostColours || s[3] > kMostColours)
      return;
    std::cerr << "warning: " << model_ << ": input " << ToString(s) << " is read as " << s[1]
              << " channels of " << s[2] << " x " << s[3]
              << " pixels; if the channels are last, export the model with channels first\n";
  }

  // Builds the folder aside and puts what the linker says in place of the estimates; false when
  // there is no linker or the firmware does not fit.
  bool Link(const Board& board, const TargetLimits& target, CompileResult& result) const {
    const TemporaryFolder aside;
    const std::string folder = aside.File("firmware");
    WriteSourceTree(result.tree, folder);
    try {
      const FirmwareSize size = BuildFirmware(ReadFirmware(folder), board, false).size;
      UpdateSummary({static_cast<int64_t>(size.flash_bytes), static_cast<int64_t>(size.code_bytes),
                     static_cast<int64_t>(size.weight_bytes), static_cast<int64_t>(size.ram_bytes)},
                    target, result);
      result.summary["table_bytes"] = size.constant_bytes;
      result.summary["data_bytes"] = size.data_bytes;
      result.summary["harness_bytes"] = size.harness_bytes;
    } catch (const Error& error) {
      if (error.code() == "sim/does-not-fit") {
        result.fit = {false, "linked firmware: " + error.expected() + ", found " + error.found() +
                                 "\nwhat would help\n  " + error.fix()};
        result.summary["fits"] = false;
        result.summary["why"] = result.fit.why;
        return false;
      }
      if (error.code() == "sim/toolchain-missing") {
        std::cerr << "warning: no arm-none-eabi-g++ here: sizes are estimates, not the linker's\n";
        return false;
      }
      throw Renamed(error, {{folder + "/board", board.directory}, {folder, output_}});
    }
    return result.fit.ok;
  }

  Answer Refuse(const CompileResult& result, Answer answer) const {
    const Error error("compile/does-not-fit", model_,
                      "a model that fits " + target_ + (limit_.empty() ? "" : " --limit " + limit_),
                      result.fit.why,
                      std::string("do what 'what would help' names, or ") +
                          (limit_.empty() ? "choose a larger --target" : "raise --limit"));
    answer.json["error"] = ErrorJson(error)["error"];
    answer.text = "error[compile/does-not-fit] " + model_ + "\n" + result.fit.why + "\n";
    answer.status = kExitDoesNotFit;
    return answer;
  }

  std::string model_, target_ = "stm32f746", limit_, data_, codec_ = "auto", optimize_ = "balanced",
                      prefix_ = "model", output_;
  bool explain_ = false;
  CalibrationRequest calibration_;
};

}  // namespace

std::unique_ptr<Command> MakeCompileCommand() { return std::make_unique<CompileCommand>(); }

}  // namespace tinyformer
