// Test support: a copy of a testdata firmware with the board's files, and the whole text of an
// error.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "base/testing_error.h"
#include "sim/board.h"
#include "sim/firmware.h"

namespace tinyformer {

/// text with every occurrence of from replaced by to.
inline std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (size_t i = 0; (i = text.find(from, i)) != std::string::npos; i += to.size()) {
    text.replace(i, from.size(), to);
  }
  return text;
}

inline std::string SourceDirectory() {
  const char* directory = std::getenv("TINYFORMER_SOURCE_DIR");
  return directory ? directory : ".";
}

/// A firmware folder as `tinyformer compile` leaves it: sim/testdata/<name> plus board/, in a
/// temporary place.
class TestFirmware {
 public:
  explicit TestFirmware(const std::string& name, const std::string& board = "stm32f746") {
    namespace fs = std::filesystem;
    fs::path testdata = SourceDirectory() + "/sim/testdata/" + name;
    fs::copy(testdata, folder_.path(), fs::copy_options::recursive);
    fs::copy(FindBoard(board).directory, folder_.File("board"));
    firmware_ = ReadFirmware(folder_.path());
    board_ = ReadBoard(folder_.File("board"));
  }

  const Firmware& firmware() const { return firmware_; }
  const Board& board() const { return board_; }
  std::string path() const { return folder_.path(); }
  std::string File(const std::string& name) const { return folder_.File(name); }

 private:
  TemporaryFolder folder_;
  Firmware firmware_;
  Board board_;
};

}  // namespace tinyformer
