#include "report/svg.h"

#include <algorithm>

#include "report/format.h"

namespace tinyformer {
namespace {

constexpr double kCharacterWidth = 6.4;  // mean advance of an 11 pixel sans serif digit or letter

std::string Attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + SvgNumber(value) + "\"";
}

std::string Class(std::string_view css_class) {
  return " class=\"" + std::string(css_class) + "\"";
}

std::string Title(const std::string& tooltip) {
  return tooltip.empty() ? "" : "<title>" + EscapeHtml(tooltip) + "</title>";
}

}  // namespace

std::string SvgNumber(double value) {
  std::string text = FormatFixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string DotKey(std::string_view css_class, const std::string& text) {
  return "<span><svg class=\"key\" viewBox=\"0 0 12 12\" width=\"12\" height=\"12\"><circle" +
         Class(css_class) + " cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>" + text + "</span>";
}

std::string FitText(const std::string& text, double width) {
  const int characters = static_cast<int>(width / kCharacterWidth);
  if (static_cast<int>(text.size()) <= characters) return text;
  if (characters < 3) return "";
  size_t end = static_cast<size_t>(characters - 1);
  // Never cut inside a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string FitName(const std::string& name, double width) {
  for (size_t start = 0; start != std::string::npos;) {
    const size_t left = name.size() - start;
    if (static_cast<double>(left) * kCharacterWidth <= width) {
      return left >= 3 || start == 0 ? name.substr(start) : "";  // "y" alone says nothing
    }
    const size_t dot = name.find('.', start);
    start = dot == std::string::npos ? dot : dot + 1;
  }
  return "";
}

SvgDrawing::SvgDrawing(int width, int height, const std::string& description) {
  const std::string w = std::to_string(width), h = std::to_string(height);
  text_ = "<svg viewBox=\"0 0 " + w + " " + h + "\" width=\"" + w + "\" height=\"" + h +
          "\" role=\"img\" aria-label=\"" + EscapeHtml(description) + "\">\n";
}

void SvgDrawing::Line(std::string_view css_class, double x1, double y1, double x2, double y2) {
  text_ += "<line" + Class(css_class) + Attribute("x1", x1) + Attribute("y1", y1) +
           Attribute("x2", x2) + Attribute("y2", y2) + "/>\n";
}

void SvgDrawing::Rect(std::string_view css_class, double x, double y, double width, double height,
                      double opacity, const std::string& tooltip) {
  text_ += "<rect" + Class(css_class) + Attribute("x", x) + Attribute("y", y) +
           Attribute("width", std::max(width, 0.0)) + Attribute("height", std::max(height, 0.0));
  if (opacity < 1) text_ += " fill-opacity=\"" + FormatFixed(opacity, 3) + "\"";
  text_ += tooltip.empty() ? "/>\n" : ">" + Title(tooltip) + "</rect>\n";
}

void SvgDrawing::Text(std::string_view css_class, double x, double y, Anchor anchor,
                      const std::string& text) {
  static constexpr const char* kAnchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  text_ += "<text" + Class(css_class) + Attribute("x", x) + Attribute("y", y) +
           kAnchors[static_cast<int>(anchor)] + ">" + EscapeHtml(text) + "</text>\n";
}

void SvgDrawing::SlantedText(std::string_view css_class, double x, double y,
                             const std::string& text) {
  text_ += "<text" + Class(css_class) + " transform=\"translate(" + SvgNumber(x) + " " +
           SvgNumber(y) + ") rotate(-60)\">" + EscapeHtml(text) + "</text>\n";
}

void SvgDrawing::Path(std::string_view css_class, const std::string& points) {
  text_ += "<path" + Class(css_class) + " d=\"" + points + "\"/>\n";
}

void SvgDrawing::Circle(std::string_view css_class, double x, double y, double radius,
                        const std::string& tooltip) {
  text_ += "<circle" + Class(css_class) + Attribute("cx", x) + Attribute("cy", y) +
           Attribute("r", radius);
  text_ += tooltip.empty() ? "/>\n" : ">" + Title(tooltip) + "</circle>\n";
}

void SvgDrawing::Below(std::string_view css_class, double x, double y, const std::string& tooltip) {
  text_ += "<path" + Class(css_class) + " d=\"M" + SvgNumber(x) + " " + SvgNumber(y) +
           " l-5 -8 l10 0 Z\">" + Title(tooltip) + "</path>\n";
}

}  // namespace tinyformer
