// bench_layernorm: LayerNorm with four numbers of fractional bits, by error, accuracy and cost.
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/number.h"
#include "base/run_main.h"
#include "base/temporary_folder.h"
#include "bench/layernorm/compare_layernorm.h"
#include "cli/model_images.h"
#include "compiler/import/read_onnx.h"

namespace {

using tinyformer::Json;
using namespace tinyformer::bench;

constexpr const char* kUsage =
    "usage: bench_layernorm --model M.onnx --data D [--images N] [--json]\n"
    "  --model M.onnx  an int8 model with LayerNorms, as the zoo's\n"
    "  --data D        data set; its validation images are classified\n"
    "  --images N      only the first N, 1 to 1000000000 (default 5000)\n"
    "  --json          one JSON object instead of the tables\n";

struct Arguments {
  std::string model, data;
  int64_t images = 5000;
  bool json = false;
};

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--json") == 0) {
      arguments->json = true;
    } else if (std::strcmp(argv[i], "--model") == 0 && more) {
      arguments->model = argv[++i];
    } else if (std::strcmp(argv[i], "--data") == 0 && more) {
      arguments->data = argv[++i];
    } else if (std::strcmp(argv[i], "--images") == 0 && more &&
               tinyformer::ParseNumber<int64_t>(argv[i + 1], 1, 1000000000, &arguments->images)) {
      ++i;
    } else {
      return false;
    }
  }
  return !arguments->model.empty() && !arguments->data.empty();
}

std::vector<LayernormResult> Compare(const Arguments& arguments, int64_t* count) {
  using namespace tinyformer;
  const Graph model = ReadOnnx(arguments.model);
  RequireImageModel(model, arguments.model);
  const Value& input = model.value(model.inputs.at(0));
  // NCHW
  const Dataset data =
      OpenDatasetFor(arguments.data, input.shape.at(2), input.shape.at(3), input.shape.at(1));
  const Normalization normalization = ChooseNormalization(data.info, "", "");
  *count = std::min(arguments.images, data.validation->size());
  std::vector<std::vector<int8_t>> images;
  std::vector<int> labels;
  for (int64_t i = 0; i < *count; ++i) {
    images.push_back(QuantizeImages(*data.validation, data.info, normalization,
                                    input.quantization.value(), i, 1));
    labels.push_back(data.validation->label(i));
  }
  return CompareLayernorms(model, images, labels);
}

void PrintTables(const std::vector<LayernormResult>& results, int64_t count,
                 const std::vector<LayernormCost>& costs) {
  std::printf("%-26s %10s %12s %12s %20s\n", "error and accuracy", "rms LSB", "largest LSB",
              "not nearest", "right");
  for (const LayernormResult& row : results) {
    std::printf("%-26s %10.4f %12.3f %10.3f %% %8lld of %lld\n", kLayernormVariants[row.variant],
                row.error.rms_lsb, row.error.largest_lsb, 100 * row.error.not_nearest,
                static_cast<long long>(row.correct), static_cast<long long>(count));
  }
  std::printf("\n%-10s %-26s %14s %10s\n", "shape", "cost of an element", "instructions", "cycles");
  for (const LayernormCost& row : costs) {
    const LayernormShape& shape = kLayernormShapes[row.shape];
    std::printf("%3dx%-6d %-26s %14.2f %10.2f\n", shape.rows, shape.channels,
                kLayernormVariants[row.variant], row.instructions, row.cycles);
  }
}

Json ResultJson(const std::vector<LayernormResult>& results, int64_t count,
                const std::vector<LayernormCost>& costs) {
  Json rows = Json::array(), cost_rows = Json::array();
  for (const LayernormResult& row : results) {
    rows.push_back({{"variant", kLayernormVariants[row.variant]},
                    {"rms_lsb", row.error.rms_lsb},
                    {"largest_lsb", row.error.largest_lsb},
                    {"not_nearest", row.error.not_nearest},
                    {"correct", row.correct},
                    {"images", count}});
  }
  for (const LayernormCost& row : costs) {
    const LayernormShape& shape = kLayernormShapes[row.shape];
    cost_rows.push_back({{"variant", kLayernormVariants[row.variant]},
                         {"rows", shape.rows},
                         {"channels", shape.channels},
                         {"instructions", row.instructions},
                         {"cycles", row.cycles}});
  }
  return {{"accuracy", rows}, {"costs", cost_rows}};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    const bool help = argc == 2 && std::strcmp(argv[1], "--help") == 0;
    std::fputs(kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  return tinyformer::RunMain([&] {
    const tinyformer::TemporaryFolder work;
    int64_t count = 0;
    const std::vector<LayernormResult> results = Compare(arguments, &count);
    const std::vector<LayernormCost> costs =
        LayernormCosts(tinyformer::FindBoard("stm32f746"), TINYFORMER_BENCH_SOURCES, work.path());
    if (arguments.json) {
      std::puts(ResultJson(results, count, costs).dump(1).c_str());
    } else {
      PrintTables(results, count, costs);
    }
    return 0;
  });
}
