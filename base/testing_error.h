// For tests: what a wrong input says.
#pragma once

#include <string>

#include "base/error.h"

namespace tinyformer {

/// The whole text of the Error that f throws; empty when it throws none.
template <typename F>
std::string ErrorText(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tinyformer
