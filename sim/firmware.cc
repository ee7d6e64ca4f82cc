#include "sim/firmware.h"

#include <cctype>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"

namespace tinyformer {
namespace {

constexpr int64_t kMostElements = 1 << 24;
constexpr int64_t kMostMacs = int64_t{1} << 48;
constexpr size_t kMostPrefixLetters = 40;

[[noreturn]] void Fail(const std::string& where, const std::string& expected,
                       const std::string& found) {
  throw Error("sim/plan", where, expected, found, "compile the model again");
}

std::string KeyOf(const std::string& path, const std::string& key) {
  return path + ": key '" + key + "'";
}

bool IsIdentifier(const std::string& text) {
  if (text.empty() || text.size() > kMostPrefixLetters ||
      std::isdigit(static_cast<unsigned char>(text[0])))
    return false;
  for (char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

Shape ReadShape(const Json& plan, const std::string& key, const std::string& path) {
  Json tensor = RequireKey<Json>(plan, key, path, "an object");
  Shape shape = RequireKey<Shape>(tensor, "shape", path, "a list of numbers");
  int64_t left = shape.empty() ? 0 : kMostElements;
  for (int64_t dimension : shape) left = dimension < 1 ? 0 : left / dimension;
  if (left == 0) Fail(KeyOf(path, key), "a shape with 1 to 2^24 elements", ToString(shape));
  return shape;
}

// The quantization of "input" or "output".
void ReadQuantization(const Json& plan, const std::string& key, const std::string& path,
                      float* scale, int32_t* zero_point) {
  const Json tensor = RequireKey<Json>(plan, key, path, "an object");
  *scale = RequireKey<float>(tensor, "scale", path, "a number");
  *zero_point = RequireKey<int32_t>(tensor, "zero_point", path, "a number");
  if (!(*scale > 0 && std::isfinite(*scale)) || *zero_point < -128 || *zero_point > 127) {
    Fail(KeyOf(path, key), "a scale above 0 and a zero point in [-128, 127]", tensor.dump());
  }
}

// Entry number `id` (from 1) of "layers".
FirmwareLayer ReadLayer(const Json& item, int id, const std::string& path) {
  FirmwareLayer layer;
  layer.id = RequireKey<int>(item, "id", path, "a number");
  layer.name = RequireKey<std::string>(item, "name", path, "a text");
  layer.op = RequireKey<std::string>(item, "op", path, "a text");
  layer.kernel = RequireKey<std::string>(item, "kernel", path, "a text");
  layer.macs = RequireKey<int64_t>(item, "macs", path, "a number");
  layer.effective_macs = RequireKey<int64_t>(item, "effective_macs", path, "a number");
  const std::string where = path + ": layer " + std::to_string(id) + " '" + layer.name + "'";
  if (layer.id != id) Fail(where, "\"id\": " + std::to_string(id), std::to_string(layer.id));
  if (layer.effective_macs < 0 || layer.effective_macs > layer.macs || layer.macs > kMostMacs) {
    Fail(where, "macs from 0 to 2^48, and effective_macs from 0 to these",
         std::to_string(layer.macs) + " and " + std::to_string(layer.effective_macs));
  }
  return layer;
}

}  // namespace

Firmware ReadFirmware(const std::string& directory) {
  std::string path = directory + "/plan.json";
  if (std::filesystem::is_regular_file(directory)) {
    throw Error("sim/not-firmware", directory, "a firmware folder (with plan.json)", "a file",
                "name the folder that tinyformer compile wrote (its -o)");
  }
  if (!std::filesystem::exists(path)) {
    throw Error("sim/not-firmware", directory, "a firmware folder (with plan.json)",
                std::filesystem::exists(directory) ? "no plan.json in it" : "nothing at this path",
                "make one with: tinyformer compile model.onnx --target stm32f746 -o " + directory);
  }
  Json plan = ReadJson(path);
  if (OptionalKey<std::string>(plan, "format", path, "a text", "") != "tinyformer-plan" ||
      OptionalKey<int>(plan, "version", path, "a number", 0) != 1) {
    Fail(path, "\"format\": \"tinyformer-plan\", \"version\": 1", "another format or version");
  }
  Firmware firmware;
  firmware.directory = directory;
  firmware.name = RequireKey<std::string>(plan, "name", path, "a text");
  firmware.prefix = RequireKey<std::string>(plan, "prefix", path, "a text");
  if (!IsIdentifier(firmware.prefix)) {
    Fail(KeyOf(path, "prefix"), "a C identifier of at most 40 characters",
         "\"" + firmware.prefix + "\"");
  }
  firmware.target = RequireKey<std::string>(plan, "target", path, "a text");
  firmware.optimization = OptionalKey<std::string>(plan, "optimization", path, "a text", "-O2");
  if (firmware.optimization != "-O2" && firmware.optimization != "-Os") {
    Fail(KeyOf(path, "optimization"), "-O2 or -Os", "\"" + firmware.optimization + "\"");
  }
  firmware.input_shape = ReadShape(plan, "input", path);
  firmware.output_shape = ReadShape(plan, "output", path);
  ReadQuantization(plan, "input", path, &firmware.input_scale, &firmware.input_zero_point);
  ReadQuantization(plan, "output", path, &firmware.output_scale, &firmware.output_zero_point);
  firmware.input_bytes = ElementCount(firmware.input_shape);
  firmware.output_bytes = ElementCount(firmware.output_shape);
  const Json layers = RequireKey<Json>(plan, "layers", path, "a list");
  if (!layers.is_array() || layers.empty()) {
    Fail(KeyOf(path, "layers"), "a list of one layer or more",
         layers.is_array() ? "an empty list" : JsonTypeName(layers));
  }
  for (const Json& item : layers) {
    firmware.layers.push_back(ReadLayer(item, static_cast<int>(firmware.layers.size()) + 1, path));
  }
  return firmware;
}

Board ReadFirmwareBoard(const Firmware& firmware) {
  std::string own = firmware.directory + "/board";
  if (std::filesystem::exists(own + "/board.json")) return ReadBoard(own);
  return FindBoard(firmware.target);
}

}  // namespace tinyformer
