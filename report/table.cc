#include "report/table.h"

#include <algorithm>

#include "base/check.h"
#include "report/format.h"

namespace tinyformer {

std::string DrawTable(const std::vector<TableColumn>& columns,
                      const std::vector<std::vector<TableCell>>& rows) {
  std::string html = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const TableColumn& column : columns) {
    html += column.number ? "<th class=\"number\">" : "<th>";
    html += EscapeHtml(column.name) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    TF_CHECK(row.size() == columns.size(), "cells", row.size(), "columns", columns.size());
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      html += columns[i].number ? "<td class=\"number\"" : "<td";
      if (row[i].bar >= 0) {
        html += " style=\"--bar:" + FormatFixed(std::min(row[i].bar, 1.0) * 100, 1) + "%\"";
      }
      html += ">" + EscapeHtml(row[i].text) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace tinyformer
