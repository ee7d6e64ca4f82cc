#include "compiler/emit/initializer.h"

#include <sstream>

namespace tinyformer {

Initializer& Initializer::Add(const std::string& name, const std::string& value) {
  items_.push_back("/*" + name + "=*/" + value);
  return *this;
}

Initializer& Initializer::Add(const std::string& name, int64_t value) {
  return Add(name, std::to_string(value));
}

Initializer& Initializer::Group(const std::string& name, const Initializer& inner) {
  std::string joined;
  for (const std::string& item : inner.items_) joined += (joined.empty() ? "" : ", ") + item;
  return Add(name, "{" + joined + "}");
}

std::string Initializer::Braced() const {
  constexpr size_t kColumns = 100, kIndent = 4;
  std::string all;
  for (const std::string& item : items_) all += (all.empty() ? "" : ", ") + item;
  std::string text = "{";
  size_t column = kColumns;  // the first word starts a line
  std::istringstream words(all + "}");
  for (std::string word; words >> word;) {
    if (column + 1 + word.size() > kColumns) {
      text += '\n';
      text.append(kIndent, ' ');
      column = kIndent;
    } else {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text;
}

}  // namespace tinyformer
