#include "sim/firmware.h"

#include <cctype>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"

namespace tinyformer {
namespace {

constexpr const char* kFix = "compile the model again";

bool IsIdentifier(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  for (char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

Shape ReadShape(const Json& plan, const std::string& key, const std::string& path) {
  Json tensor = RequireKey<Json>(plan, key, path, "an object");
  Shape shape = RequireKey<Shape>(tensor, "shape", path, "a list of numbers");
  int64_t elements = 1;
  for (int64_t dimension : shape) {
    bool sensible = dimension >= 1 && dimension <= (1 << 24) && elements <= (1 << 24);
    if (!sensible) {
      throw Error("sim/plan", path + ": key '" + key + "'", "a shape with at most 2^24 elements",
                  ToString(shape), kFix);
    }
    elements *= dimension;
  }
  return shape;
}

// The quantization of "input" or "output".
void ReadQuantization(const Json& plan, const std::string& key, const std::string& path,
                      float* scale, int32_t* zero_point) {
  const Json tensor = RequireKey<Json>(plan, key, path, "an object");
  *scale = RequireKey<float>(tensor, "scale", path, "a number");
  *zero_point = RequireKey<int32_t>(tensor, "zero_point", path, "a number");
  if (!(*scale > 0 && std::isfinite(*scale)) || *zero_point < -128 || *zero_point > 127) {
    throw Error("sim/plan", path + ": key '" + key + "'",
                "a scale above 0 and a zero point in [-128, 127]", tensor.dump(), kFix);
  }
}

}  // namespace

Firmware ReadFirmware(const std::string& directory) {
  std::string path = directory + "/plan.json";
  if (!std::filesystem::exists(path)) {
    throw Error("sim/not-firmware", directory, "a firmware folder (with plan.json)",
                std::filesystem::exists(directory) ? "no plan.json in it" : "nothing at this path",
                "make one with: tinyformer compile model.onnx --target stm32f746 -o " + directory);
  }
  Json plan = ReadJson(path);
  if (OptionalKey<std::string>(plan, "format", path, "a text", "") != "tinyformer-plan" ||
      OptionalKey<int>(plan, "version", path, "a number", 0) != 1) {
    throw Error("sim/plan", path, "\"format\": \"tinyformer-plan\", \"version\": 1",
                "another format or version", kFix);
  }
  Firmware firmware;
  firmware.directory = directory;
  firmware.name = RequireKey<std::string>(plan, "name", path, "a text");
  firmware.prefix = RequireKey<std::string>(plan, "prefix", path, "a text");
  if (!IsIdentifier(firmware.prefix)) {
    throw Error("sim/plan", path + ": key 'prefix'", "a C identifier",
                "\"" + firmware.prefix + "\"", kFix);
  }
  firmware.target = RequireKey<std::string>(plan, "target", path, "a text");
  firmware.optimization = OptionalKey<std::string>(plan, "optimization", path, "a text", "-O2");
  if (firmware.optimization != "-O2" && firmware.optimization != "-Os") {
    throw Error("sim/plan", path + ": key 'optimization'", "-O2 or -Os",
                "\"" + firmware.optimization + "\"", kFix);
  }
  firmware.input_shape = ReadShape(plan, "input", path);
  firmware.output_shape = ReadShape(plan, "output", path);
  ReadQuantization(plan, "input", path, &firmware.input_scale, &firmware.input_zero_point);
  ReadQuantization(plan, "output", path, &firmware.output_scale, &firmware.output_zero_point);
  firmware.input_bytes = ElementCount(firmware.input_shape);
  firmware.output_bytes = ElementCount(firmware.output_shape);
  const Json layers = RequireKey<Json>(plan, "layers", path, "a list");
  if (!layers.is_array()) {
    throw Error("sim/plan", path + ": key 'layers'", "a list", JsonTypeName(layers), kFix);
  }
  for (const Json& item : layers) {
    FirmwareLayer layer;
    layer.id = RequireKey<int>(item, "id", path, "a number");
    layer.name = RequireKey<std::string>(item, "name", path, "a text");
    layer.op = RequireKey<std::string>(item, "op", path, "a text");
    layer.kernel = RequireKey<std::string>(item, "kernel", path, "a text");
    layer.macs = RequireKey<int64_t>(item, "macs", path, "a number");
    layer.effective_macs = RequireKey<int64_t>(item, "effective_macs", path, "a number");
    firmware.layers.push_back(layer);
  }
  return firmware;
}

Board ReadFirmwareBoard(const Firmware& firmware) {
  std::string own = firmware.directory + "/board";
  if (std::filesystem::exists(own + "/board.json")) return ReadBoard(own);
  return FindBoard(firmware.target);
}

}  // namespace tinyformer
