#include "bench/cost_model/measure_layers.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/check.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/engine_files.h"
#include "sim/build.h"
#include "sim/elf_file.h"
#include "sim/emulator.h"

namespace tinyformer::bench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLayers = 250;  // marker ids
constexpr int64_t kMostConstants = 800 << 10, kMostArenas = 200 << 10;
constexpr int64_t kBufferBytes = 256 << 10;
constexpr const char* kDescriptor = "(anonymous namespace)::layer1";

std::string PrefixOf(size_t layer) { return "random" + std::to_string(layer); }

// The layer as a model without its board and self-test.
SourceTree ModelOf(const RandomLayer& layer, const std::string& prefix) {
  const Plan plan = MakePlan(layer.graph, {layer.kernel});
  SelfTest test;
  const auto elements = [&](ValueId id) { return ElementCount(layer.graph.value(id).shape); };
  test.input.resize(static_cast<size_t>(elements(layer.graph.inputs[0])));
  test.expected.resize(static_cast<size_t>(elements(layer.graph.outputs[0])));
  EmitOptions options;
  options.prefix = prefix;
  return EmitFirmware(layer.graph, plan, test, options);
}

int64_t ConstantBytes(const RandomLayer& layer) {
  int64_t bytes = 0;
  for (const Value& value : layer.graph.values) {
    if (value.is_constant()) bytes += static_cast<int64_t>(value.data->size());
  }
  return bytes;
}

// Calls every model between its own markers. Inputs and outputs lie outside the chip's memory, as
// in the harness of `run`.
std::string MainText(size_t first, size_t count) {
  std::string calls, includes;
  for (size_t i = 0; i < count; ++i) {
    const std::string prefix = PrefixOf(first + i), id = std::to_string(i + 1);
    includes += "#include \"" + prefix + "/" + prefix + ".h\"\n";
    calls += "  tf_profile_marker[" + id + "] = 0;\n  " + prefix +
             "_invoke(input, output);\n  tf_profile_marker[0] = 0;\n";
  }
  const std::string buffer =
      "__attribute__((section(\".tf_harness\"), aligned(16))) static int8_t ";
  return "#include \"sim/harness/fault_report.h\"\n#include \"sim/harness/semihosting.h\"\n" +
         includes + "extern \"C\" {\nvolatile uint8_t tf_profile_marker[256];\n" +
         "__attribute__((section(\".tf_harness\"))) volatile uint8_t tf_image_marker[2];\n}\n" +
         buffer + "input[" + std::to_string(kBufferBytes) + "], output[" +
         std::to_string(kBufferBytes) + "];\nint main() {\n  tf_image_marker[1] = 0;\n" + calls +
         "  tf_image_marker[0] = 0;\n  tinyformer::semihosting::Exit(0);\n}\n";
}

// A folder in which programs are built: the engine is compiled once.
class Workshop {
 public:
  explicit Workshop(const Board& board) : board_(board) {}

  // One program of layers [first, first + count).
  std::string Build(const std::vector<RandomLayer>& layers, size_t first, size_t count) {
    ElfRequest request;
    request.output_path = folder_.File("program" + std::to_string(first) + ".elf");
    request.include_directories = {folder_.path(), folder_.File("engine"),
                                   folder_.File("engine/include"), TINYFORMER_SOURCE_DIRECTORY};
    SourceTree engine;
    for (size_t i = first; i < first + count; ++i) {
      const std::string prefix = PrefixOf(i);
      for (const auto& [path, text] : ModelOf(layers[i], prefix)) {
        if (path.rfind("engine/", 0) == 0) engine[path] = text;
        if (path != prefix + ".h" && path != prefix + ".cc" && path.rfind("weights.", 0) != 0) {
          continue;
        }
        Write(prefix + "/" + path, text);
        if (path.ends_with(".cc")) request.sources.push_back(folder_.File(prefix + "/" + path));
      }
    }
    const std::string main = "main" + std::to_string(first) + ".cc";
    Write(main, MainText(first, count));
    request.sources.push_back(folder_.File(main));
    request.objects = EngineObjects(engine, request.include_directories);
    return BuildElf(request, board_).elf_path;
  }

  std::string path() const { return folder_.path(); }

 private:
  void Write(const std::string& path, const std::string& text) {
    const fs::path target = folder_.File(path);
    MakeDirectories(target.parent_path().string());
    WriteFileAtomic(target.string(), text);
  }

  // Objects of the engine's files that no earlier program had.
  std::vector<std::string> EngineObjects(const SourceTree& engine,
                                         const std::vector<std::string>& includes) {
    ElfRequest request;
    for (const auto& [path, text] : engine) {
      if (!compiled_.insert(path).second) continue;
      Write(path, text);
      const bool source = path.ends_with(".cc") || path.ends_with(".S");
      if (source && path.find("/host/") == std::string::npos) {
        request.sources.push_back(folder_.File(path));
      }
    }
    if (request.sources.empty()) return objects_;
    const std::string name = "engine" + std::to_string(objects_.size());
    Write(name + "_main.cc", "int main() { return 0; }\n");
    request.sources.push_back(folder_.File(name + "_main.cc"));
    request.output_path = folder_.File(name + ".elf");
    request.include_directories = includes;
    BuildElf(request, board_);
    for (const auto& entry : fs::directory_iterator(request.output_path + ".objects")) {
      const std::string stem = entry.path().stem().string();
      if (stem.ends_with("_main") || stem.ends_with("_startup")) continue;
      objects_.push_back(entry.path().string());
    }
    std::sort(objects_.begin(), objects_.end());
    return objects_;
  }

  const Board& board_;
  TemporaryFolder folder_;
  std::set<std::string> compiled_;
  std::vector<std::string> objects_;
};

// How many layers from `first` on fit into one program.
size_t Fitting(const std::vector<RandomLayer>& layers, size_t first) {
  int64_t constants = 0, arenas = 0;
  size_t count = 0;
  for (; first + count < layers.size() && count < kMostLayers; ++count) {
    const RandomLayer& layer = layers[first + count];
    constants += ConstantBytes(layer);
    arenas += MakePlan(layer.graph, {layer.kernel}).arena_bytes + 16;
    if (constants > kMostConstants || arenas > kMostArenas) break;
  }
  return count;
}

// Bytes in flash of every function and table, by name.
std::map<std::string, int64_t> SymbolsOf(const std::string& elf_path, const Board& board) {
  std::map<std::string, int64_t> symbols;
  std::set<uint32_t> addresses;  // aliases count once
  for (const ElfSymbol& symbol : ReadElf(elf_path).symbols) {
    const bool flash =
        std::any_of(board.memory.begin(), board.memory.end(), [&](const MemoryRegion& region) {
          return region.kind == MemoryRegion::Kind::kFlash && symbol.address >= region.address &&
                 symbol.address - region.address < region.bytes;
        });
    if (!flash || symbol.bytes == 0 || !addresses.insert(symbol.address).second) continue;
    symbols[symbol.name] += (symbol.bytes + 3) / 4 * 4;
  }
  return symbols;
}

}  // namespace

std::vector<uint64_t> MeasureLayers(const std::vector<RandomLayer>& layers, const Board& board) {
  Workshop workshop(board);
  std::vector<uint64_t> cycles(layers.size(), 0);
  for (size_t first = 0; first < layers.size();) {
    const size_t count = Fitting(layers, first);
    TF_CHECK(count > 0, layers[first].line, "alone is too large");
    EmulationOptions options;
    options.mode = EmulationMode::kCycles;
    const std::string elf = workshop.Build(layers, first, count);
    for (const MarkerRun& marker : RunElf(elf, board, workshop.path(), options).markers) {
      if (marker.id == 0) continue;
      cycles.at(first + static_cast<size_t>(marker.id) - 1) = marker.cost.cycles;
    }
    first += count;
  }
  return cycles;
}

MeasuredCode MeasureCode(const std::vector<RandomLayer>& layers, const Board& board) {
  Workshop workshop(board);
  MeasuredCode measured;
  std::map<std::string, std::vector<std::string>> users;  // of a symbol
  std::map<std::string, int64_t> bytes;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string& kernel = layers[i].kernel.name;
    if (measured.descriptors.count(kernel) > 0) continue;
    for (const auto& [name, size] : SymbolsOf(workshop.Build(layers, i, 1), board)) {
      if (name == kDescriptor) measured.descriptors[kernel] = size;
      const bool of_model = name.find(PrefixOf(i) + "_") != std::string::npos;
      if (name == kDescriptor || of_model) continue;
      users[name].push_back(kernel);
      bytes[name] = std::max(bytes[name], size);
    }
    TF_CHECK(measured.descriptors.count(kernel) > 0, kernel, "has no", kDescriptor);
  }
  for (const auto& [name, used_by] : users) {
    const std::vector<std::string>& kernels = used_by;            // a binding cannot be captured
    if (kernels.size() == measured.descriptors.size()) continue;  // start-up code and main
    const auto known =
        std::find_if(measured.parts.begin(), measured.parts.end(),
                     [&](const MeasuredPart& part) { return part.kernels == kernels; });
    if (known != measured.parts.end()) {
      known->bytes += bytes[name];
    } else {
      measured.parts.push_back({bytes[name], kernels});
    }
  }
  return measured;
}

}  // namespace tinyformer::bench
