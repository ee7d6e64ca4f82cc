#include "data/npy.h"

#include <cctype>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace tinyformer {
namespace {

constexpr uint8_t kMagic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

[[noreturn]] void FailNpy(const std::string& name, const std::string& expected,
                          const std::string& found) {
  throw Error("data/npy", name, expected, found, "download the file again");
}

/// Reads the Python dictionary of a header: text, True or False, and a tuple of numbers.
class HeaderText {
 public:
  HeaderText(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {}

  bool Take(char c) {
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void Need(char c) {
    if (!Take(c)) Fail();
  }
  std::string Quoted() {
    SkipSpaces();
    char quote = Take('\'') ? '\'' : '"';
    if (quote == '"') Need('"');
    size_t end = text_.find(quote, at_);
    if (end == std::string::npos) Fail();
    std::string value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }
  std::string Word() {
    SkipSpaces();
    size_t start = at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_]))) ++at_;
    return text_.substr(start, at_ - start);
  }
  int64_t Number() {
    std::string word = Word();
    int64_t value = 0;
    if (word.empty() || word.size() > 12) Fail();
    for (char c : word) {
      if (c < '0' || c > '9') Fail();
      value = value * 10 + (c - '0');
    }
    return value;
  }
  [[noreturn]] void Fail() {
    FailNpy(name_, "a header {'descr': ..., 'fortran_order': ..., 'shape': (...)}",
            "'" + text_.substr(0, text_.find('\n')).substr(0, 80) + "'");
  }

 private:
  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  std::string text_, name_;
  size_t at_ = 0;
};

void ParseType(const std::string& type, const std::string& name, NpyHeader& header) {
  bool known = type.size() == 3 && std::strchr("|<", type[0]) != nullptr &&
               std::strchr("uif", type[1]) != nullptr && std::strchr("1248", type[2]) != nullptr;
  if (!known || (type[0] == '|' && type[2] != '1')) {
    FailNpy(name, "an element type such as |u1 or <i8", "'" + type + "'");
  }
  header.kind = type[1];
  header.item_bytes = type[2] - '0';
}

}  // namespace

NpyHeader ParseNpyHeader(const uint8_t* bytes, size_t count, uint64_t total_bytes,
                         const std::string& name) {
  if (count < 12 || std::memcmp(bytes, kMagic, sizeof kMagic) != 0) {
    FailNpy(name, "a .npy array", count < 12 ? std::to_string(count) + " bytes" : "other bytes");
  }
  int version = bytes[6];
  if (version < 1 || version > 3) {
    FailNpy(name, ".npy version 1, 2 or 3", "version " + std::to_string(version));
  }
  size_t start = version == 1 ? 10 : 12;
  size_t length = bytes[8] | static_cast<size_t>(bytes[9]) << 8;
  if (version > 1) {
    length |= static_cast<size_t>(bytes[10]) << 16 | static_cast<size_t>(bytes[11]) << 24;
  }
  if (length > count - start) {
    FailNpy(name, "a header of " + std::to_string(length) + " bytes",
            std::to_string(count - start) + " bytes");
  }
  NpyHeader header;
  HeaderText text({reinterpret_cast<const char*>(bytes) + start, length}, name);
  bool has_type = false, has_shape = false;
  text.Need('{');
  while (!text.Take('}')) {
    std::string key = text.Quoted();
    text.Need(':');
    if (key == "descr") {
      ParseType(text.Quoted(), name, header);
      has_type = true;
    } else if (key == "fortran_order") {
      std::string order = text.Word();
      if (order != "False") FailNpy(name, "rows first (fortran_order: False)", order);
    } else if (key == "shape") {
      text.Need('(');
      while (!text.Take(')')) {
        header.shape.push_back(text.Number());
        text.Take(',');
      }
      has_shape = true;
    } else {
      text.Fail();
    }
    text.Take(',');
  }
  if (!has_type || !has_shape) text.Fail();
  header.data_offset = start + length;
  header.data_bytes = static_cast<uint64_t>(header.item_bytes);
  for (int64_t dimension : header.shape) {
    auto d = static_cast<uint64_t>(dimension);
    if (d != 0 && header.data_bytes > std::numeric_limits<uint64_t>::max() / d) text.Fail();
    header.data_bytes *= d;
  }
  if (total_bytes - header.data_offset != header.data_bytes) {
    FailNpy(name, std::to_string(header.data_bytes) + " bytes for shape " + ToString(header.shape),
            std::to_string(total_bytes - header.data_offset) + " bytes");
  }
  return header;
}

}  // namespace tinyformer
