// Checks of the cycle model against published Cortex-M7 figures: each gives rows of (modelled,
// published).
#pragma once

#include <string>
#include <vector>

#include "sim/board.h"

namespace tinyformer::bench {

struct CheckRow {
  std::string check;  ///< "sequence", "mixed", "aes", "coremark", "cmsis-nn"
  std::string name;
  std::string unit;
  double modelled = 0;
  double published = 0;  ///< 0: nothing published to compare with
  std::string source;

  double Error() const { return published > 0 ? modelled / published - 1 : 0; }
};

/// sources is the folder bench/cycle_model, work a folder to build in.
///
/// Errors  those of BuildElf and RunElf (sim/)
std::vector<CheckRow> CheckSequences(const Board& board, const std::string& work);
std::vector<CheckRow> CheckMixedProgram(const Board& board, const std::string& sources,
                                        const std::string& work);
/// coremark: a checkout of github.com/eembc/coremark.
std::vector<CheckRow> CheckCoreMark(const Board& board, const std::string& sources,
                                    const std::string& coremark, const std::string& work);
/// cmsis: a checkout of github.com/ARM-software/CMSIS_5 at tag 5.4.0.
std::vector<CheckRow> CheckCmsisNn(const Board& board, const std::string& sources,
                                   const std::string& cmsis, const std::string& work);
/// aes: a checkout of github.com/jnk0le/cortexm-AES; its routines for the board's core.
std::vector<CheckRow> CheckAes(const Board& board, const std::string& sources,
                               const std::string& aes, const std::string& work);

}  // namespace tinyformer::bench
