#include "sim/memory_map.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "sim/build.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

const std::string kFix =
    "\n  fix:      make MEMORY and SECTIONS of board.ld agree with board.json (boards/README.md)";

// What building says after `from` became `to` in the board's linker script, with a variable more.
std::string ErrorAfter(const std::string& board, const std::string& from, const std::string& to,
                       const std::string& variable = "int variable") {
  TestFirmware test("tiny", board);
  const std::string script = ReadFile(test.File("board/board.ld"));
  EXPECT_NE(script.find(from), std::string::npos) << board << ": " << from;
  WriteFileAtomic(test.File("board/board.ld"), Replace(script, from, to));
  WriteFileAtomic(test.File("variable.cc"),
                  variable + ";\n__attribute__((constructor)) void Use() { ++variable; }\n");
  return ErrorText([&] { BuildFirmware(test.firmware(), test.board(), /*profile=*/false); });
}

std::string Misplaced(const std::string& board, const std::string& what, const std::string& places,
                      const std::string& found) {
  return "error[board/linker-script] board '" + board + "': " + what +
         "\n  expected: an address inside " + places + "\n  found:    " + found + kFix;
}

TEST(MemoryMap, AnArenaThatNoLineOfTheScriptPlacesIsRefused) {
  EXPECT_EQ(ErrorAfter("stm32h743",
                       "  .tf_arena_axi (NOLOAD) : ALIGN(16) { tf_arena_axi_start = .; "
                       "*(.tf_arena_axi .tf_arena_axi.*) tf_arena_axi_end = .; } > AXI\n",
                       "", "__attribute__((section(\".tf_arena_axi\"))) int variable"),
            Misplaced("stm32h743", "section .tf_arena_axi", "axi 0x24000000..0x2407ffff",
                      "0x20002000..0x20002003"));
}

TEST(MemoryMap, MemoryThatOnlyTheScriptHasIsRefused) {
  EXPECT_EQ(ErrorAfter("stm32f746", "LENGTH = 320K", "LENGTH = 4096K",
                       "int many[1 << 18]; int& variable = many[5]"),
            Misplaced("stm32f746", "section .bss",
                      "flash 0x00200000..0x002fffff, dtcm 0x20000000..0x2000ffff, sram1 "
                      "0x20010000..0x2004bfff, sram2 0x2004c000..0x2004ffff",
                      "0x20002000..0x20101fff"));
}

TEST(MemoryMap, AScriptThatStartsElsewhereIsRefused) {
  EXPECT_EQ(ErrorAfter("cortex-m4", ": ORIGIN = 0x20000000", ": ORIGIN = 0x20040000"),
            Misplaced("cortex-m4", "section .tf_stack",
                      "flash 0x00000000..0x000fffff, ram 0x20000000..0x2003ffff",
                      "0x20040000..0x20041fff"));
}

TEST(MemoryMap, InitialValuesThatAreNotProgrammedAreRefused) {
  EXPECT_EQ(ErrorAfter("stm32f746", "> RAM AT > FLASH", "> RAM", "int variable = 5"),
            Misplaced("stm32f746", "what is programmed", "flash 0x00200000..0x002fffff",
                      "0x20002000..0x20002003"));
}

TEST(MemoryMap, AScriptThatMakesNoCodeIsRefused) {
  TestFirmware test("tiny", "stm32f746");
  WriteFileAtomic(test.File("board/board.ld"), "");
  EXPECT_EQ(ErrorText([&] { BuildFirmware(test.firmware(), test.board(), /*profile=*/false); }),
            "error[board/linker-script] board 'stm32f746': section .text\n"
            "  expected: a section of that name, with bytes in it\n"
            "  found:    no byte of it in the linked firmware\n"
            "  fix:      give board.ld every section and symbol that boards/README.md lists");
}

}  // namespace
}  // namespace tinyformer
