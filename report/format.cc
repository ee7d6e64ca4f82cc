#include "report/format.h"

#include <cmath>
#include <cstdio>

namespace tinyformer {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string GroupDigits(int64_t value) {
  std::string digits = std::to_string(value);
  size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string FormatBytes(int64_t bytes) { return GroupDigits(bytes) + " B"; }

std::string FormatShort(double value) {
  static constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  int unit = 0;
  // 999.5 and more would print as 1000: the next unit says it in three digits.
  while (std::abs(value) >= 999.5 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  int decimals = unit == 0 && value == std::floor(value) ? 0
                 : std::abs(value) >= 100                ? 0
                 : std::abs(value) >= 10                 ? 1
                                                         : 2;
  return FormatFixed(value, decimals) + kUnits[unit];
}

std::string FormatPercent(double share, int decimals) {
  return FormatFixed(share * 100, decimals) + " %";
}

std::string FormatFixed(double value, int decimals) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  // "-0.00" reads as a small negative number; it is zero.
  const std::string number = text;
  return number.find_first_of("123456789") == std::string::npos && number[0] == '-'
             ? number.substr(1)
             : number;
}

std::string FormatHours(double seconds) {
  const long long s = std::llround(seconds);
  char text[64];
  std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  return text;
}

std::string FormatScientific(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*e", decimals, value);
  const std::string number = text;
  const size_t e = number.find('e');
  std::string mantissa = number.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.resize(mantissa.find_last_not_of('0') + 1);
    if (mantissa.ends_with(".")) mantissa.pop_back();
  }
  return mantissa + "e" + std::to_string(std::stoi(number.substr(e + 1)));
}

double WilsonHalfWidth(double share, int64_t n) {
  if (n <= 0) return 0;
  const double z = 1.959963984540054;  // 97.5 % quantile of the standard normal
  const double count = static_cast<double>(n);
  return z / (1 + z * z / count) *
         std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
}

}  // namespace tinyformer
