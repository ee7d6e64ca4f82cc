// Numbers and texts as a reader sees them: grouped digits, percentages, escaped HTML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tinyformer {

/// The text with & < > " ' as character references: safe inside elements and quoted attributes.
/// Control characters other than tab and newline become U+FFFD, because HTML allows none of them.
std::string EscapeHtml(std::string_view text);

/// 1048576 -> "1,048,576".
std::string GroupDigits(int64_t value);

/// 1048576 -> "1,048,576 B".
std::string FormatBytes(int64_t bytes);

/// Three significant digits and the unit of its size: 122200000 -> "122 M", 1536 -> "1.54 k", 12 ->
/// "12".
std::string FormatShort(double value);

/// share in [0, 1]: FormatPercent(0.91234, 2) -> "91.23 %".
std::string FormatPercent(double share, int decimals);

/// At least 0 seconds: "1:02:03", "0:00:07".
std::string FormatHours(double seconds);

/// A number other than 0 as mantissa and exponent, with at most this many decimals: "1e-5",
/// "1.05e-5".
std::string FormatScientific(double value, int decimals);

/// A number with this many decimals, never in exponent form: for coordinates and axis labels.
std::string FormatFixed(double value, int decimals);

/// The half width, in share units, of the 95 % Wilson interval of a share measured on n samples; 0
/// when n is 0.
///
/// Source  Wilson, "Probable inference, the law of succession, and statistical inference", 1927
double WilsonHalfWidth(double share, int64_t n);

}  // namespace tinyformer
