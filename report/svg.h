// Elements of an SVG drawing as text.
#pragma once

#include <string>
#include <string_view>

namespace tinyformer {

/// Text elements align to x at their start, middle or end.
enum class Anchor { kStart, kMiddle, kEnd };

/// Collects elements; coordinates are CSS pixels, printed with one decimal. Classes refer to
/// report/style.h.
class SvgDrawing {
 public:
  SvgDrawing(int width, int height, const std::string& description);

  void Line(std::string_view css_class, double x1, double y1, double x2, double y2);
  /// `opacity` below 1 is written as fill-opacity; `tooltip` becomes the rectangle's <title>.
  void Rect(std::string_view css_class, double x, double y, double width, double height,
            double opacity = 1, const std::string& tooltip = "");
  void Text(std::string_view css_class, double x, double y, Anchor anchor, const std::string& text);
  /// Reads upwards to the right from (x, y), 60 degrees steep.
  void SlantedText(std::string_view css_class, double x, double y, const std::string& text);
  /// `points` in SVG's path language.
  void Path(std::string_view css_class, const std::string& points);
  void Circle(std::string_view css_class, double x, double y, double radius,
              const std::string& tooltip = "");
  /// A triangle that points down to (x, y): the value lies further below.
  void Below(std::string_view css_class, double x, double y, const std::string& tooltip);

  std::string Finish() const { return text_ + "</svg>\n"; }

 private:
  std::string text_;
};

/// A dot of this class with its meaning, for a legend in HTML; text is HTML.
std::string DotKey(std::string_view css_class, const std::string& text);

/// A coordinate: one decimal.
std::string SvgNumber(double value);

/// The text, shortened with an ellipsis to what fits into `width` pixels at 11 pixel type (6.4
/// pixels a character); empty when not even three characters fit.
std::string FitText(const std::string& text, double width);

/// A dotted name, shortened by leading parts to what fits: "dot1.mb1.expand", "mb1.expand" or
/// "expand"; empty when not even its last part fits.
std::string FitName(const std::string& name, double width);

}  // namespace tinyformer
