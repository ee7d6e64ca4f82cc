// The report's style sheet: light and dark, desktop and phone, no external resource.
#pragma once

namespace tinyformer {

/// CSS for the classes that the sections and plots use. Colours are variables; prefers-color-scheme
/// picks their values.
extern const char* const kReportStyle;

}  // namespace tinyformer
