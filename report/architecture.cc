#include <algorithm>

#include "base/check.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr int kFewestColumnsWidth = 700;  // a narrower drawing has its numbers inside the boxes
constexpr double kMargin = 64;            // left of the boxes: stages' names, residual connections
constexpr double kShapeRow = 26;          // between two boxes

std::string ShapeText(const std::vector<int>& shape) {
  std::string text;
  for (int side : shape) text += (text.empty() ? "" : " × ") + std::to_string(side);
  return text;
}

// The tint of a kind of part.
const char* BoxClass(const std::string& kind) {
  if (kind == "downsampling" || kind == "stem") return "tensor5";
  if (kind == "inverted residual") return "tensor0";
  if (kind == "transformer") return "tensor2";
  if (kind == "pooling") return "tensor3";
  return kind == "classifier" ? "tensor4" : "tensor1";
}

// "dot1" of "dot1.mb2"; empty outside of the stages.
std::string StageOf(const ReportedPart& part) {
  return part.name.starts_with("dot") ? part.name.substr(0, part.name.find('.')) : "";
}

std::string Pruning(const ReportedPart& part, const PartUse& use) {
  if (use.weights == 0) return "no weights";
  if (part.block == 0) return "dense";
  return FormatPercent(use.sparsity.value_or(part.sparsity), 0) + " sparse, blocks of " +
         std::to_string(part.block);
}

std::string Tooltip(const ReportedPart& part, const PartUse& use) {
  std::string text = part.name + ": " + part.kind + ", " + part.choice + "\n" +
                     GroupDigits(use.weights) + " weights before pruning, " + Pruning(part, use);
  if (use.weight_bytes) text += "\n" + FormatBytes(*use.weight_bytes) + " of flash";
  if (use.cycles) text += "\n" + GroupDigits(*use.cycles) + " cycles, estimated";
  return text;
}

// A column of bars right of the boxes.
struct Column {
  std::string name;
  double left, room;  // of the longest bar
};

class ArchitectureDrawing {
 public:
  ArchitectureDrawing(const ReportedSearch& search, const std::vector<PartUse>& uses, int width)
      : search_(search),
        uses_(uses),
        has_columns_(width >= kFewestColumnsWidth),
        box_width_(has_columns_ ? width * 0.36 : width - kMargin - 8),
        box_height_(has_columns_ ? 42 : 60),
        top_(has_columns_ ? 54 : 34),
        svg_(width, Height(), "architecture of the best network") {
    TF_CHECK(uses.size() == search.parts.size(), uses.size(), search.parts.size());
    for (const PartUse& use : uses) {
      most_bytes_ = std::max(most_bytes_, use.weight_bytes.value_or(0));
      most_cycles_ = std::max(most_cycles_, use.cycles.value_or(0));
    }
    if (has_columns_) PlaceColumns(width);
  }

  std::string Draw() {
    Stages();
    for (const Column& column : columns_)
      svg_.Text("label", column.left, 14, Anchor::kStart, column.name);
    svg_.Text("label", kMargin + box_width_ / 2, 14, Anchor::kMiddle,
              "image, " + ShapeText(search_.input));
    for (size_t i = 0; i < search_.parts.size(); ++i) {
      Arrow(i == 0 ? 20 : Top(i - 1) + box_height_, Top(i));
      if (i > 0) {
        svg_.Text("tick", kMargin + box_width_ / 2 + 8, Top(i) - 9, Anchor::kStart,
                  ShapeText(search_.parts[i - 1].output));
      }
      Box(i);
      if (has_columns_) Bars(i);
    }
    const double end = Top(search_.parts.size() - 1) + box_height_;
    Arrow(end, end + kShapeRow);
    svg_.Text("label", kMargin + box_width_ / 2, end + kShapeRow + 14, Anchor::kMiddle,
              std::to_string(search_.classes) + " classes");
    return svg_.Finish();
  }

 private:
  int Height() const {
    const auto count = static_cast<double>(search_.parts.size());
    return static_cast<int>(top_ + count * (box_height_ + kShapeRow) + 24);
  }
  double Top(size_t i) const { return top_ + static_cast<double>(i) * (box_height_ + kShapeRow); }

  void PlaceColumns(int width) {
    const double left = kMargin + box_width_ + 46;
    const double each = (width - left) / 3;
    constexpr double kTextRoom = 84;
    for (const char* name : {"sparsity", "weights in flash", "cycles, estimated"}) {
      const double at = left + each * static_cast<double>(columns_.size());
      columns_.push_back({name, at, each - kTextRoom});
    }
  }

  // A panel behind the parts of each stage, with its name.
  void Stages() {
    const auto& parts = search_.parts;
    for (size_t begin = 0, end = 0; begin < parts.size(); begin = end) {
      const std::string stage = StageOf(parts[begin]);
      end = begin + 1;
      while (end < parts.size() && !stage.empty() && StageOf(parts[end]) == stage) ++end;
      if (stage.empty()) continue;
      svg_.Rect("box cell", 2, Top(begin) - 8, kMargin + box_width_ + 6,
                Top(end - 1) + box_height_ - Top(begin) + 16);
      svg_.Text("tick", 8, Top(begin) + 7, Anchor::kStart, "DoT " + stage.substr(3));
    }
  }

  void Arrow(double from, double to) {
    const double x = kMargin + box_width_ / 2;
    svg_.Path("arrow", "M" + SvgNumber(x) + " " + SvgNumber(from) + " L" + SvgNumber(x) + " " +
                           SvgNumber(to - 1) + " m-4 -5 l4 5 l4 -5");
  }

  void Box(size_t i) {
    const ReportedPart& part = search_.parts[i];
    const double top = Top(i);
    svg_.Rect(std::string("box ") + BoxClass(part.kind), kMargin, top, box_width_, box_height_, 1,
              Tooltip(part, uses_[i]));
    const double name_room = 6.4 * static_cast<double>(part.name.size()) + 20;
    svg_.Text("inside strong-text", kMargin + 10, top + 17, Anchor::kStart,
              FitText(part.kind, box_width_ - 10 - name_room));
    svg_.Text("inside", kMargin + box_width_ - 10, top + 17, Anchor::kEnd, part.name);
    svg_.Text("inside", kMargin + 10, top + 33, Anchor::kStart,
              FitText(part.choice, box_width_ - 20));
    if (!has_columns_) {
      std::string numbers = Pruning(part, uses_[i]);
      if (uses_[i].weight_bytes.value_or(0) > 0)
        numbers += ", " + FormatBytes(*uses_[i].weight_bytes);
      svg_.Text("inside", kMargin + 10, top + 50, Anchor::kStart,
                FitText(numbers, box_width_ - 20));
    }
    if (part.residual) Residual(top);
  }

  // The way around a box whose input is added to its output.
  void Residual(double top) {
    const double x = kMargin + box_width_ / 2, y = top - 5, end = top + box_height_ + 5;
    const double out = kMargin - 12;
    svg_.Path("around", "M" + SvgNumber(x) + " " + SvgNumber(y) + " L" + SvgNumber(out) + " " +
                            SvgNumber(y) + " L" + SvgNumber(out) + " " + SvgNumber(end) + " L" +
                            SvgNumber(x) + " " + SvgNumber(end));
    svg_.Circle("plus", x, end, 2.5);
  }

  void Bars(size_t i) {
    const ReportedPart& part = search_.parts[i];
    const PartUse& use = uses_[i];
    const double sparsity = use.sparsity.value_or(part.sparsity);
    if (use.weights > 0) {
      Bar(columns_[0], i, part.block == 0 ? 0 : sparsity,
          part.block == 0 ? "dense" : FormatPercent(sparsity, 1), true);
    }
    if (use.weight_bytes.value_or(0) > 0) {
      Bar(columns_[1], i, Share(*use.weight_bytes, most_bytes_), FormatBytes(*use.weight_bytes),
          false);
    }
    if (use.cycles) {
      Bar(columns_[2], i, Share(*use.cycles, most_cycles_),
          FormatShort(static_cast<double>(*use.cycles)), false);
    }
  }

  static double Share(int64_t value, int64_t most) {
    return most > 0 ? static_cast<double>(value) / static_cast<double>(most) : 0;
  }

  void Bar(const Column& column, size_t i, double share, const std::string& text, bool has_end) {
    constexpr double kThick = 14;
    const double y = Top(i) + (box_height_ - kThick) / 2;
    if (has_end) svg_.Rect("cell", column.left, y, column.room, kThick);
    const double length = share > 0 ? std::max(column.room * std::min(share, 1.0), 1.0) : 0;
    if (length > 0) svg_.Rect("bar", column.left, y, length, kThick);
    svg_.Text("tick", column.left + (has_end ? column.room : length) + 6, y + 11, Anchor::kStart,
              text);
  }

  const ReportedSearch& search_;
  const std::vector<PartUse>& uses_;
  bool has_columns_;
  double box_width_, box_height_, top_;
  SvgDrawing svg_;
  int64_t most_bytes_ = 0, most_cycles_ = 0;
  std::vector<Column> columns_;
};

}  // namespace

std::string DrawArchitecture(const ReportedSearch& search, const std::vector<PartUse>& uses,
                             int width) {
  TF_CHECK(!search.parts.empty());
  return ArchitectureDrawing(search, uses, width).Draw();
}

}  // namespace tinyformer
