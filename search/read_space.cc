#include "search/read_space.h"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/installed_folder.h"
#include "base/json.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "tinyformer-space";
constexpr int64_t kVersion = 1;
constexpr uint64_t kMostBytes = 1 << 20;

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

// The value in a reader's words.
std::string Found(const toml::node& node) {
  if (const auto* text = node.as_string()) return Json(text->get()).dump();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) {
    return std::isfinite(number->get()) ? Json(number->get()).dump() : "no finite number";
  }
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (node.is_array()) return node.as_array()->empty() ? "an empty list" : "a list";
  return node.is_table() ? "a table" : "a date or a time";
}

// One space out of one file; every complaint names the file, the line and the key.
class SpaceReader {
 public:
  SpaceReader(const toml::table& root, std::string name) : root_(root), name_(std::move(name)) {}

  SearchSpace Read() {
    RequireVersion();
    RequireKnownKeys(root_, "", {"format", "version", "supernet", "paths", "pruning"});
    SearchSpace space;
    space.name = name_;
    const toml::table& supernet = Table("supernet");
    RequireKnownKeys(supernet, "supernet",
                     {"stem", "dims", "heads", "mobilenets", "transformers", "last_linear"});
    space.stem = Numbers(supernet, "supernet.stem", 0, 256);
    ReadDots(supernet, space);
    space.last_linear = Numbers(supernet, "supernet.last_linear", 4, 4096);

    const toml::table& paths = Table("paths");
    RequireKnownKeys(paths, "paths",
                     {"downsample", "expansion", "mlp_ratio", "residual", "pooling"});
    space.downsample =
        Words(paths, "paths.downsample", {"conv_maxpool", "conv_stride2", "inverted_residual"});
    space.expansion = Numbers(paths, "paths.expansion", 1, 8);
    space.mlp_ratio = Numbers(paths, "paths.mlp_ratio", 1, 8);
    space.residual = Flags(paths, "paths.residual");
    space.pooling = Words(paths, "paths.pooling", {"seqpool", "average", "global"});

    const toml::table& pruning = Table("pruning");
    RequireKnownKeys(pruning, "pruning", {"sparsity", "block"});
    space.sparsity = Shares(pruning, "pruning.sparsity");
    space.block = Numbers(pruning, "pruning.block", 2, 4);
    for (size_t i = 0; i < space.block.size(); ++i) {
      if (space.block[i] != 3) continue;
      FailValue(*pruning.get("block")->as_array()->get(i), "pruning.block", "2 or 4", "3");
    }
    return space;
  }

 private:
  std::string Where(const toml::node* node, const std::string& key) const {
    const uint32_t line = node == nullptr ? 0 : node->source().begin.line;
    return name_ + (line > 0 ? ", line " + std::to_string(line) : "") + ": " + key;
  }

  [[noreturn]] void FailKey(const toml::node* node, const std::string& key,
                            const std::string& expected, const std::string& found) const {
    throw Error("space/key", Where(node, key), expected, found,
                "correct the file (docs/search_spaces.md describes it)");
  }

  [[noreturn]] void FailValue(const toml::node& node, const std::string& key,
                              const std::string& expected, const std::string& found) const {
    throw Error("space/value", Where(&node, key), expected, found,
                "correct this value in the file");
  }

  void RequireVersion() const {
    const std::string wanted =
        std::string("format \"") + kFormat + "\", version " + std::to_string(kVersion);
    const toml::node *format = root_.get("format"), *version = root_.get("version");
    if (format == nullptr || version == nullptr) {
      const std::string key = format == nullptr ? "format" : "version";
      throw Error("space/version", name_, wanted, "no key '" + key + "'",
                  "begin the file with format = \"" + std::string(kFormat) +
                      "\" and version = " + std::to_string(kVersion));
    }
    if (format->value_exact<std::string>() == kFormat &&
        version->value_exact<int64_t>() == kVersion)
      return;
    throw Error("space/version", name_, wanted,
                "format " + Found(*format) + ", version " + Found(*version),
                "write the file for this program's version");
  }

  void RequireKnownKeys(const toml::table& table, const std::string& name,
                        const std::vector<std::string>& known) const {
    for (const auto& [key, node] : table) {
      const std::string text(key.str());
      if (std::find(known.begin(), known.end(), text) != known.end()) continue;
      FailKey(&node, name.empty() ? text : name + "." + text, "only the keys " + Join(known),
              "another key");
    }
  }

  const toml::table& Table(const std::string& key) const {
    const toml::node* node = root_.get(key);
    if (node == nullptr) FailKey(nullptr, key, "a table, [" + key + "]", "no such key");
    if (!node->is_table()) FailValue(*node, key, "a table, [" + key + "]", Found(*node));
    return *node->as_table();
  }

  // The list at "<table>.<key>", not empty.
  const toml::array& List(const toml::table& table, const std::string& path,
                          const std::string& expected) const {
    const toml::node* node = table.get(path.substr(path.find('.') + 1));
    if (node == nullptr) FailKey(&table, path, expected, "no such key");
    return AsList(*node, path, expected);
  }

  const toml::array& AsList(const toml::node& node, const std::string& path,
                            const std::string& expected) const {
    if (!node.is_array() || node.as_array()->empty()) FailValue(node, path, expected, Found(node));
    return *node.as_array();
  }

  // Every element by read(node), which refuses what is none; all different.
  template <typename T, typename ReadOne>
  std::vector<T> Elements(const toml::array& list, const std::string& path,
                          ReadOne&& read_one) const {
    std::vector<T> values;
    for (const toml::node& node : list) {
      const T value = read_one(node);
      if (std::find(values.begin(), values.end(), value) != values.end())
        FailValue(node, path, "every value once", Found(node) + " a second time");
      values.push_back(value);
    }
    return values;
  }

  std::vector<int> NumbersOf(const toml::array& list, const std::string& path, int low,
                             int high) const {
    return Elements<int>(list, path, [&](const toml::node& node) {
      const auto value = node.value_exact<int64_t>();
      if (!value || *value < low || *value > high) {
        FailValue(node, path,
                  "whole numbers from " + std::to_string(low) + " to " + std::to_string(high),
                  Found(node));
      }
      return static_cast<int>(*value);
    });
  }

  std::vector<int> Numbers(const toml::table& table, const std::string& path, int low,
                           int high) const {
    return NumbersOf(List(table, path, "a list of whole numbers"), path, low, high);
  }

  std::vector<double> Shares(const toml::table& table, const std::string& path) const {
    return Elements<double>(
        List(table, path, "a list of numbers"), path, [&](const toml::node& node) {
          const double value = node.is_number() ? node.value<double>().value_or(-1) : -1;
          if (value >= 0 && value <= 0.95) return value;
          FailValue(node, path, "numbers from 0 to 0.95", Found(node));
        });
  }

  std::vector<bool> Flags(const toml::table& table, const std::string& path) const {
    return Elements<bool>(List(table, path, "a list of true and false"), path,
                          [&](const toml::node& node) {
                            if (node.is_boolean()) return node.as_boolean()->get();
                            FailValue(node, path, "true or false", Found(node));
                          });
  }

  std::vector<std::string> Words(const toml::table& table, const std::string& path,
                                 const std::vector<std::string>& known) const {
    return Elements<std::string>(
        List(table, path, "a list of texts"), path, [&](const toml::node& node) {
          const auto text = node.value_exact<std::string>();
          if (text && std::find(known.begin(), known.end(), *text) != known.end()) return *text;
          FailValue(node, path, "one of " + Join(known), Found(node));
        });
  }

  // One list of numbers for every DoT: a list of lists, or (not for dims) a list that serves all.
  void ReadPerDot(const toml::table& table, const std::string& path, int low, int high,
                  std::vector<DotSpace>& dots, std::vector<int> DotSpace::*member) const {
    const toml::array& list = List(table, path, "a list of whole numbers, or of one list a DoT");
    if (!list.front().is_array()) {
      for (DotSpace& dot : dots) dot.*member = NumbersOf(list, path, low, high);
      return;
    }
    if (list.size() != dots.size()) {
      FailValue(list, path, std::to_string(dots.size()) + " lists, one for each of dims",
                std::to_string(list.size()));
    }
    for (size_t d = 0; d < dots.size(); ++d) {
      const std::string at = path + "[" + std::to_string(d) + "]";
      dots[d].*member =
          NumbersOf(AsList(*list.get(d), at, "a list of whole numbers"), at, low, high);
    }
  }

  void ReadDots(const toml::table& supernet, SearchSpace& space) const {
    const std::string path = "supernet.dims", expected = "one list of whole numbers a DoT, 1 to 4";
    const toml::array& dims = List(supernet, path, expected);
    if (dims.size() > 4) FailValue(dims, path, expected, std::to_string(dims.size()) + " lists");
    if (!dims.front().is_array())
      FailValue(dims, path, expected, "a list of " + Found(dims.front()));
    space.dots.resize(dims.size());
    ReadPerDot(supernet, path, 4, 1024, space.dots, &DotSpace::dims);
    ReadPerDot(supernet, "supernet.heads", 1, 16, space.dots, &DotSpace::heads);
    ReadPerDot(supernet, "supernet.mobilenets", 0, 8, space.dots, &DotSpace::mobilenets);
    ReadPerDot(supernet, "supernet.transformers", 0, 8, space.dots, &DotSpace::transformers);
    for (size_t d = 0; d < space.dots.size(); ++d) {
      for (int dim : space.dots[d].dims) {
        for (int heads : space.dots[d].heads) {
          if (dim % heads == 0) continue;
          FailValue(*supernet.get("heads"), "supernet.heads",
                    "divisors of every dim of DoT " + std::to_string(d + 1),
                    std::to_string(heads) + ", which does not divide " + std::to_string(dim));
        }
      }
    }
  }

  const toml::table& root_;
  std::string name_;
};

template <typename T>
std::string ListText(const std::vector<T>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + Json(value).dump();
  return "[" + text + "]";
}

// One list for all DoTs where they are the same.
std::string PerDotText(const SearchSpace& space, std::vector<int> DotSpace::*member) {
  const std::vector<int>& first = space.dots.front().*member;
  const bool same = std::all_of(space.dots.begin(), space.dots.end(),
                                [&](const DotSpace& dot) { return dot.*member == first; });
  if (same && member != &DotSpace::dims) return ListText(first);
  std::string text;
  for (const DotSpace& dot : space.dots) text += (text.empty() ? "" : ", ") + ListText(dot.*member);
  return "[" + text + "]";
}

}  // namespace

SearchSpace ParseSpace(std::string_view text, const std::string& name) {
  try {
    const toml::table root = toml::parse(text);
    return SpaceReader(root, name).Read();
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw Error(
        "space/syntax",
        name + ", line " + std::to_string(at.line) + ", column " + std::to_string(at.column),
        "TOML", std::string(error.description()), "correct the file there");
  }
}

std::string SpaceText(const SearchSpace& space) {
  return std::string("format = \"") + kFormat + "\"\nversion = " + std::to_string(kVersion) +
         "\n\n[supernet]\nstem = " + ListText(space.stem) +
         "\ndims = " + PerDotText(space, &DotSpace::dims) +
         "\nheads = " + PerDotText(space, &DotSpace::heads) +
         "\nmobilenets = " + PerDotText(space, &DotSpace::mobilenets) +
         "\ntransformers = " + PerDotText(space, &DotSpace::transformers) +
         "\nlast_linear = " + ListText(space.last_linear) +
         "\n\n[paths]\ndownsample = " + ListText(space.downsample) +
         "\nexpansion = " + ListText(space.expansion) +
         "\nmlp_ratio = " + ListText(space.mlp_ratio) + "\nresidual = " + ListText(space.residual) +
         "\npooling = " + ListText(space.pooling) +
         "\n\n[pruning]\nsparsity = " + ListText(space.sparsity) +
         "\nblock = " + ListText(space.block) + "\n";
}

std::string SpacesDirectory() {
  return InstalledFolder("TINYFORMER_SPACES", "spaces", TINYFORMER_SPACES_DIRECTORY);
}

std::vector<std::string> SpaceNames() {
  const std::string folder = SpacesDirectory();
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  if (error) {
    throw Error("file/missing", folder, "the folder with the search spaces", "no such folder",
                "set TINYFORMER_SPACES to it, or install again");
  }
  std::sort(names.begin(), names.end());
  return names;
}

SearchSpace FindSpace(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml") || name_or_path.find('/') != std::string::npos)
    return ParseSpace(ReadFile(name_or_path, kMostBytes), name_or_path);
  const std::vector<std::string> names = SpaceNames();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    throw Error("space/unknown", "space '" + name_or_path + "'",
                "one of: " + Join(names) + "; or a file that ends in .toml",
                "no space of that name",
                "choose one of these, or write a file (docs/search_spaces.md)");
  }
  return ParseSpace(ReadFile(SpacesDirectory() + "/" + name_or_path + ".toml", kMostBytes),
                    name_or_path);
}

}  // namespace tinyformer
