// Aligned columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace tinyformer {

/// Rows as lines; columns are as wide as their widest cell, two blanks apart; no trailing blanks.
/// The first row is the header. Cells hold no newline.
std::string TextTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace tinyformer
