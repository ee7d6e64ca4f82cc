// tinyformer-train supernet: trains shared weights and scores pruned paths.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tinyformer {

/// Adds the command; the result runs it.
std::function<void()> AddSupernetCommand(CLI::App* app);

}  // namespace tinyformer
