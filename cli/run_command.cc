// tinyformer run: images through firmware; accuracy, equality of emulator and host, counts.
#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/rng.h"
#include "base/writable_file.h"
#include "cli/command.h"
#include "cli/float_accuracy.h"
#include "cli/model_images.h"
#include "cli/npy_file.h"
#include "cli/option_check.h"
#include "cli/run_in_parts.h"
#include "compiler/cost/layer_table.h"
#include "search/genome.h"
#include "sim/score.h"

namespace tinyformer {

constexpr int64_t kEmulatorImages = 64;  // without --images
constexpr int64_t kRandomImages = 4;     // without --data and --input

/// Holds the key to the test images (data/dataset.h): it reports results, nothing is tuned here.
class RunCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("firmware", folder_, "folder that tinyformer compile made")->required();
    CLI::Option* data = app.add_option("--data", data_, "data set; its test images are classified");
    CLI::Option* input = app.add_option(
        "--input", input_, "images as a NumPy array [n, h, w, c], int8 or normalised float32");
    data->excludes(input);
    app.add_option("--output", output_, "write the int8 outputs here, as a NumPy array");
    app.add_option("--save-inputs", save_inputs_,
                   "write the int8 inputs here, for other runtimes to compute the same");
    app.add_option("--save-labels", save_labels_, "write the classes of --data's images here")
        ->needs(data);
    app.add_option(
           "--images", images_,
           "only N: of --data spread evenly over all, else the first; 0: all, in the emulator "
           "at most 64")
        ->check(WholeNumber(0, 1000000000))
        ->type_name("N");
    app.add_option("--on", on_, "emulator (and compared with the host) or host")
        ->check(OneOf({"emulator", "host"}))
        ->capture_default_str();
    app.add_option("--split", split_, "of --data: test or validation")
        ->check(OneOf({"test", "validation"}))
        ->capture_default_str();
    app.add_option(
        "--compare", compare_,
        "run folder: the accuracy of its float network, and of its last compressed/ one, on "
        "the same images, too");
    app.add_option("--mean", mean_,
                   "of pixel / 255 that the network was trained with; default: the data set's");
    app.add_option("--stddev", stddev_, "likewise the standard deviation");
    app.add_option("--jobs", jobs_, "processes side by side; 0: one per core")
        ->check(WholeNumber(0, 1024));
    app.add_flag("--cycles", cycles_, "estimate cycles too (the emulator is then slower)");
    app.footer("Without --data and --input: a few random images, to compare emulator and host.");
  }

  Answer Run(const CommandLine& line) override {
    const Firmware firmware = ReadFirmware(folder_);
    if (!compare_.empty()) RequireRun(firmware);
    if (cycles_ && on_ == "host") {
      throw Error("cli/usage", "tinyformer run --cycles", "--on emulator, which estimates them",
                  "--on host", "leave out one of the two");
    }
    for (const std::string& file : {output_, save_inputs_, save_labels_})
      if (!file.empty()) RequireWritableFile(file);
    const ImageStream images = OpenImages(firmware);
    RunOptions options;
    options.jobs = jobs_ > 0 ? jobs_ : static_cast<int>(std::thread::hardware_concurrency());

    Answer answer;
    RunResult result;
    std::optional<int64_t> different;
    if (on_ == "emulator") {
      const Board board = ReadFirmwareBoard(firmware);
      RunOptions emulation = options;
      emulation.mode = cycles_ ? EmulationMode::kCycles : EmulationMode::kCount;
      const RunResult host = RunInPartsOnHost(firmware, images, options);
      result = RunInPartsOnEmulator(firmware, board, images, emulation);
      different = FirstDifferentImage(firmware, result, host);
      device_ = "QEMU " + board.emulator_machine + ", " + board.cpu;
    } else {
      result = RunInPartsOnHost(firmware, images, options);
      device_ = "this machine, the generated code built with g++ -O3";
    }
    if (!output_.empty()) WriteArray(output_, firmware.output_shape, result.outputs);
    SaveInputs(firmware, images);
    Describe(firmware, result, different, line, &answer);
    return answer;
  }

 private:
  // Says at once what would otherwise be found after all images ran.
  void RequireRun(const Firmware& firmware) const {
    if (data_.empty()) {
      throw Error("cli/usage", "tinyformer run --compare", "--data with the images to compare on",
                  "no --data", "add --data");
    }
    for (const char* file : {"genome.json", "model.safetensors"}) {
      if (std::filesystem::exists(compare_ + "/" + file)) continue;
      throw Error("cli/no-run", compare_,
                  "a finished run: a folder with genome.json and model.safetensors",
                  std::string("no ") + file, "name the folder that tinyformer train wrote");
    }
    IsCompressed(compare_);
    const std::string name = compare_ + "/genome.json";
    const Genome genome = ParseGenome(ReadJson(name), name);
    const Shape image{1, genome.height, genome.width, genome.channels};
    if (image == firmware.input_shape && genome.classes == firmware.output_bytes) return;
    const auto network = [](const Shape& shape, int64_t classes) {
      return "input " + ToString(shape) + ", " + std::to_string(classes) + " classes";
    };
    throw Error("cli/other-run", name,
                network(firmware.input_shape, firmware.output_bytes) + ", as the firmware",
                network(image, genome.classes), "name the run that the firmware's model came from");
  }

  ImageStream OpenImages(const Firmware& firmware) {
    if (!input_.empty()) {
      return Limited(firmware, ReadInputArray(input_, firmware));
    }
    if (data_.empty()) {
      Rng rng(1, "images of tinyformer run");
      std::vector<int8_t> inputs(static_cast<size_t>(kRandomImages * firmware.input_bytes));
      for (int8_t& byte : inputs)
        byte = static_cast<int8_t>(static_cast<int>(rng.Below(256)) - 128);
      return Limited(firmware, inputs);
    }
    const Shape& shape = firmware.input_shape;
    if (shape.size() != 4) {
      throw Error("cli/input-shape", firmware.directory, "a model that takes images",
                  "an input of shape " + ToString(shape), "give its inputs with --input x.npy");
    }
    dataset_ = OpenDatasetFor(data_, shape[1], shape[2], shape[3]);
    RequireClasses(firmware);
    normalization_ = ChooseNormalization(dataset_.info, mean_, stddev_);
    const Quantization input =
        Quantization::PerTensor(firmware.input_scale, firmware.input_zero_point);
    chosen_.emplace(OpenSplit(), Limit(OpenSplit().size()));
    ImageStream stream;
    stream.count = chosen_->size();
    stream.read = [this, input](int64_t first, int64_t count) {
      return QuantizeImages(*chosen_, dataset_.info, normalization_, input, first, count);
    };
    for (int64_t i = 0; i < stream.count; ++i) labels_.push_back(chosen_->label(i));
    return stream;
  }

  const ImageSet& OpenSplit() const {
    if (split_ == "validation" && dataset_.validation->size() == 0) {
      throw Error("data/no-validation-images", "data set '" + data_ + "'", "validation images",
                  "none", "add images: a class of two or more has some for validation");
    }
    if (split_ == "validation") return *dataset_.validation;
    if (!dataset_.test.exists() || dataset_.test.size() == 0) {
      throw Error("data/no-test-images", "data set '" + data_ + "'", "test images", "none",
                  "add a test/ folder, or use --split validation");
    }
    return dataset_.test.Open(TestSetKey());
  }

  void RequireClasses(const Firmware& firmware) const {
    const auto classes = static_cast<int64_t>(dataset_.info.class_names.size());
    if (classes == firmware.output_bytes) return;
    throw Error("cli/classes", "data set '" + data_ + "'",
                std::to_string(firmware.output_bytes) + " classes, as the model's outputs",
                std::to_string(classes) + " classes", "use the data that the model was made for");
  }

  int64_t Limit(int64_t available) const {
    if (images_ > 0) return std::min(images_, available);
    return on_ == "emulator" ? std::min(kEmulatorImages, available) : available;
  }

  ImageStream Limited(const Firmware& firmware, std::vector<int8_t> inputs) const {
    const int64_t bytes = firmware.input_bytes;
    ImageStream stream;
    stream.count = Limit(static_cast<int64_t>(inputs.size()) / bytes);
    stream.read = [inputs = std::move(inputs), bytes](int64_t first, int64_t count) {
      return std::vector<int8_t>(inputs.begin() + first * bytes,
                                 inputs.begin() + (first + count) * bytes);
    };
    return stream;
  }

  void SaveInputs(const Firmware& firmware, const ImageStream& images) const {
    if (!save_inputs_.empty())
      WriteArray(save_inputs_, firmware.input_shape, images.read(0, images.count));
    if (!save_labels_.empty()) WriteArray(save_labels_, labels_);
  }

  void Describe(const Firmware& firmware, const RunResult& result, std::optional<int64_t> different,
                const CommandLine& line, Answer* answer) const {
    std::optional<int64_t> correct;
    if (!labels_.empty()) correct = CountCorrect(firmware, result, labels_);
    if (correct) WarnOfGuessing(firmware, *correct, result.images);
    std::optional<bool> exact;
    if (on_ == "emulator") exact = !different.has_value();
    Json& json = answer->json;
    json = RunJson(result, on_, correct, exact);
    json["arena_touched_bytes"] =
        result.instructions_max > 0 ? Json(result.arena_touched_bytes) : Json(nullptr);
    answer->text = Text(result, correct);
    if (!labels_.empty()) {
      json["split"] = split_;
      AddConfusion(firmware, result, &json);
      if (!compare_.empty()) AddComparison(answer);
    }
    const std::string hash = Checksum(ReadFile(folder_ + "/plan.json") + dataset_.info.fingerprint);
    json["provenance"] = ToJson(MakeProvenance(line, hash, device_, ""));
    if (different) {
      answer->status = kExitBug;
      answer->text += "emulator and host differ, first on image " + std::to_string(*different) +
                      ": this is a bug in tinyformer, please report it\n";
    } else if (exact) {
      answer->text += "every output byte equals the host's\n";
    }
  }

  // A firmware folder does not know which data its model was trained on.
  static void WarnOfGuessing(const Firmware& firmware, int64_t correct, int64_t images) {
    if (!LooksLikeGuessing(correct, images, firmware.output_bytes)) return;
    std::cerr << "note: " << correct << " of " << images << " right: guessing among "
              << firmware.output_bytes
              << " classes is as good. Was the model trained on other data, with its classes in "
                 "another order, or with another --mean and --stddev?\n";
  }

  std::string Text(const RunResult& result, std::optional<int64_t> correct) const {
    std::string text = WithThousands(result.images) +
                       (result.images == 1 ? " image on the " : " images on the ") + on_ + "\n";
    char buffer[160];
    if (correct) {
      std::snprintf(buffer, sizeof buffer, "accuracy %.2f %% (%lld right, %s images)\n",
                    100.0 * static_cast<double>(*correct) / static_cast<double>(result.images),
                    static_cast<long long>(*correct), split_.c_str());
      text += buffer;
    }
    if (result.instructions_max == 0) return text;
    auto number = [](uint64_t n) { return WithThousands(static_cast<int64_t>(n)); };
    text += "instructions " + number(result.instructions_min);
    text += result.instructions_min == result.instructions_max
                ? ", the same for every image\n"
                : " to " + number(result.instructions_max) + "\n";
    if (result.cycles_estimate > 0)
      text += "cycles " + number(result.cycles_estimate) + ", estimated\n";
    return text + "RAM touched " + number(result.ram_touched_bytes) + " bytes, of these arena " +
           number(result.arena_touched_bytes) + " and stack " + number(result.stack_peak_bytes) +
           "\n";
  }

  void AddConfusion(const Firmware& firmware, const RunResult& result, Json* json) const {
    const size_t classes = dataset_.info.class_names.size();
    std::vector<std::vector<int64_t>> confusion(classes, std::vector<int64_t>(classes));
    const std::vector<int64_t> predicted = PredictedClasses(firmware, result);
    for (size_t i = 0; i < predicted.size(); ++i) {
      ++confusion.at(static_cast<size_t>(labels_[i])).at(static_cast<size_t>(predicted[i]));
    }
    (*json)["class_names"] = dataset_.info.class_names;
    (*json)["confusion"] = confusion;
  }

  void AddComparison(Answer* answer) const {
    auto add = [&](const char* key, const char* what, const std::string& folder) {
      const double accuracy = FloatAccuracy(folder, *chosen_, dataset_.info, normalization_, what);
      answer->json[key] = accuracy;
      char buffer[160];
      std::snprintf(buffer, sizeof buffer, "%s %.2f %% on the same images\n", what, 100 * accuracy);
      answer->text += buffer;
    };
    const std::string last = LastCompressed(compare_);
    const bool dense = !IsCompressed(compare_);
    if (dense) add("accuracy_float", "float, dense", compare_);
    if (!dense || last != compare_) add("accuracy_pruned", "float, pruned", last);
  }

  std::string folder_, data_, input_, output_, on_ = "emulator", split_ = "test", compare_, mean_,
                                               stddev_, device_, save_inputs_, save_labels_;
  int64_t images_ = 0;
  int jobs_ = 0;
  bool cycles_ = false;
  Dataset dataset_;
  Normalization normalization_;
  std::optional<SpreadImages> chosen_;  // of dataset_
  std::vector<int64_t> labels_;
};

std::unique_ptr<Command> MakeRunCommand() { return std::make_unique<RunCommand>(); }

}  // namespace tinyformer
