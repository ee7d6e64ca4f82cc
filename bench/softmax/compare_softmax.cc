#include "bench/softmax/compare_softmax.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "base/file.h"
#include "bench/marker_costs.h"
#include "bench/softmax/softmax_variants.h"
#include "compiler/quantize/fixed_point.h"
#include "tinyformer/engine/softmax_s8.h"

namespace tinyformer::bench {
namespace {

int32_t Step(double scale) { return static_cast<int32_t>(std::lround(std::ldexp(scale, 26))); }

std::vector<int8_t> Softmax(SoftmaxVariant variant, double scale, const std::vector<int8_t>& x) {
  const auto columns = static_cast<int32_t>(x.size());
  std::vector<int8_t> y(x.size());
  const std::vector<int16_t> table = ExponentialTable(scale, columns);
  LazyTable lazy;
  const ExponentialSoftmax exponential = {1, columns, Step(scale)};
  if (variant == kFixedPoint) softmax_fixed_point(exponential, x.data(), y.data());
  if (variant == kLazyTable) softmax_lazy_table(exponential, x.data(), y.data(), lazy);
  if (variant == kTable || variant == kPlainTable) {
    engine::ref::softmax_s8({1, columns, table.data(), 1 << 30, 9, -128, -128, 127}, x.data(),
                            y.data());
  }
  return y;
}

double Exponential(SoftmaxVariant variant, double scale, int difference) {
  if (variant == kTable) {
    const std::vector<int16_t> table = ExponentialTable(scale, kSoftmaxColumns);
    return static_cast<double>(table[static_cast<size_t>(difference)]) / table[0];
  }
  if (difference > INT32_MAX / Step(scale)) return 0;
  return std::ldexp(exponential_q31(-difference * Step(scale)), -31);
}

SoftmaxError ErrorOf(SoftmaxVariant variant, int scale) {
  SoftmaxError error{scale, variant};
  const double s = kSoftmaxScales[scale];
  for (int d = 0; d < 256; ++d) {
    const double real = std::exp(-d * s);
    error.exponential = std::max(error.exponential, std::abs(Exponential(variant, s, d) - real));
    std::vector<int8_t> x(kSoftmaxColumns, static_cast<int8_t>(127 - d));
    x[0] = 127;
    const std::vector<int8_t> y = Softmax(variant, s, x);
    const double sum = 1 + 255 * real;
    for (size_t i : {0, 1}) {
      const double wanted = std::min(256 * (i == 0 ? 1 : real) / sum - 128, 127.0);
      error.output_lsb = std::max(error.output_lsb, std::abs(y[i] - wanted));
      error.misrounded += y[i] != static_cast<int8_t>(std::floor(wanted + 0.5)) ? 1 : 0;
    }
  }
  return error;
}

// The program's constants as a source text.
std::string TablesText() {
  std::string tables, steps;
  for (double scale : kSoftmaxScales) {
    tables += "  {";
    for (int16_t e : ExponentialTable(scale, kSoftmaxColumns)) tables += std::to_string(e) + ",";
    tables += "},\n";
    steps += std::to_string(Step(scale)) + ",";
  }
  return "#include <stdint.h>\nextern const int16_t softmax_tables[][256] = {\n" + tables +
         "};\nextern const int32_t softmax_steps[] = {" + steps + "};\n";
}

}  // namespace

std::vector<SoftmaxError> SoftmaxErrors() {
  std::vector<SoftmaxError> errors;
  for (int scale = 0; scale < kSoftmaxScaleCount; ++scale)
    for (SoftmaxVariant variant : {kTable, kLazyTable, kFixedPoint})
      errors.push_back(ErrorOf(variant, scale));
  return errors;
}

std::vector<SoftmaxCost> SoftmaxCosts(int rows, const Board& board, const std::string& sources,
                                      const std::string& work) {
  ElfRequest request;
  request.output_path = work + "/softmax.elf";
  request.sources = {work + "/tables.cc", sources + "/bench/softmax/softmax_program.cc",
                     sources + "/bench/softmax/softmax_variants.cc",
                     sources + "/engine/ref/softmax_s8.cc", sources + "/engine/arm/softmax_s8.cc"};
  request.include_directories = {sources, sources + "/engine/include"};
  request.defines = {"SOFTMAX_ROWS=" + std::to_string(rows)};
  WriteFileAtomic(request.sources[0], TablesText());
  const std::map<int, RunCost> runs = MarkerCosts(request, board, work);
  std::vector<SoftmaxCost> costs;
  for (int scale = 0; scale < kSoftmaxScaleCount; ++scale) {
    for (int variant = 0; variant < kSoftmaxVariantCount; ++variant) {
      SoftmaxCost cost{scale, static_cast<SoftmaxVariant>(variant), HUGE_VAL, 0, HUGE_VAL, 0};
      for (int data = 0; data < kSoftmaxDataCount; ++data) {
        const RunCost& run = runs.at(SoftmaxMarker(variant, scale, data));
        const double instructions = static_cast<double>(run.instructions) / rows / kSoftmaxColumns;
        const double cycles = static_cast<double>(run.cycles) / rows / kSoftmaxColumns;
        cost.instructions_least = std::min(cost.instructions_least, instructions);
        cost.instructions_most = std::max(cost.instructions_most, instructions);
        cost.cycles_least = std::min(cost.cycles_least, cycles);
        cost.cycles_most = std::max(cost.cycles_most, cycles);
      }
      costs.push_back(cost);
    }
  }
  return costs;
}

}  // namespace tinyformer::bench
