// An HTML table: texts are escaped, numbers align right, the first column stays in view when the
// table scrolls.
#pragma once

#include <string>
#include <vector>

namespace tinyformer {

struct TableColumn {
  std::string name;
  bool number = false;  // aligned right, tabular digits
};

/// One cell: text, and how much of the cell a bar behind it fills (share in [0, 1]; negative: no
/// bar).
struct TableCell {
  std::string text;
  double bar = -1;
  TableCell(std::string cell_text, double cell_bar = -1)  // NOLINT: texts are cells
      : text(std::move(cell_text)), bar(cell_bar) {}
  TableCell(const char* cell_text) : text(cell_text) {}  // NOLINT: texts are cells
};

/// Every row has as many cells as there are columns (TF_CHECK).
std::string DrawTable(const std::vector<TableColumn>& columns,
                      const std::vector<std::vector<TableCell>>& rows);

}  // namespace tinyformer
