// tinyformer-train bench train: how fast this machine trains (train/training_speed.h).
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tinyformer {

/// Adds the command; the result runs it.
std::function<void()> AddSpeedCommand(CLI::App* app);

}  // namespace tinyformer
