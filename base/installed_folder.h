// Where the files lie that the programs need beside themselves: boards, engine, spaces, zoo.
#pragma once

#include <string>

namespace tinyformer {

/// The folder that the environment variable names, if it does; else share/tinyformer/<name> of the
/// installation that this program is part of, if it is there; else `in_sources`.
std::string InstalledFolder(const char* variable, const std::string& name,
                            const std::string& in_sources);

}  // namespace tinyformer
