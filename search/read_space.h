// Search spaces as TOML files, and the presets that come along.
// Format  docs/search_spaces.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/space.h"

namespace tinyformer {

/// The space that a text describes; name is what the user calls it, and becomes the space's.
///
/// Errors  space/syntax (no TOML), space/version, space/key (missing, unknown), space/value
///         (another type, out of range, an empty list, a value twice, heads that do not divide a
///         dim); with the line where there is one
SearchSpace ParseSpace(std::string_view text, const std::string& name);

/// The file's text for a space: ParseSpace(SpaceText(s), s.name) == s.
std::string SpaceText(const SearchSpace& space);

/// The folder with the presets: $TINYFORMER_SPACES, else ../share/tinyformer/spaces beside the
/// program, else the source tree of the build.
std::string SpacesDirectory();

/// Names of the presets there, sorted.
/// Errors  file/missing (no such folder)
std::vector<std::string> SpaceNames();

/// The preset of that name, or the file: what ends in ".toml" or holds a "/" is a path.
/// Errors  space/unknown (lists the presets), and those of ParseSpace and ReadFile
SearchSpace FindSpace(const std::string& name_or_path);

}  // namespace tinyformer
