#include "base/error.h"

#include <utility>

namespace tinyformer {

Error::Error(std::string code, std::string where, std::string expected, std::string found,
             std::string fix)
    : code_(std::move(code)),
      where_(std::move(where)),
      expected_(std::move(expected)),
      found_(std::move(found)),
      fix_(std::move(fix)),
      text_("error[" + code_ + "] " + where_ + "\n  expected: " + expected_ +
            "\n  found:    " + found_ + "\n  fix:      " + fix_) {}

}  // namespace tinyformer
