#include "sim/board.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "sim/build.h"
#include "sim/elf_file.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// board.json of the STM32F746 with one change, read back; the error's text with the path as
// "board.json".
std::string ErrorAfter(const std::string& pointer, const Json& value) {
  TemporaryFolder folder;
  Json json = ReadJson(BoardsDirectory() + "/stm32f746/board.json");
  json[Json::json_pointer(pointer)] = value;
  WriteFileAtomic(folder.File("board.json"), json.dump());
  return Replace(ErrorText([&] { ReadBoard(folder.path()); }), folder.File("board.json"),
                 "board.json");
}

TEST(Board, Stm32f746HasTheDataSheetsSizes) {
  Board board = FindBoard("stm32f746");
  EXPECT_EQ(board.FlashBytes(), 1048576u);
  EXPECT_EQ(board.RamBytes(), 327680u);
  EXPECT_EQ(board.clock_hz, 216000000u);
  EXPECT_EQ(board.cpu, "cortex-m7");
  EXPECT_EQ(board.fpu, "fpv5-sp-d16");
}

TEST(Board, EveryBoardsLinkerScriptAgreesWithItsFile) {
  for (const std::string& name : BoardNames()) {
    Board board = FindBoard(name);
    TemporaryFolder folder;
    WriteFileAtomic(folder.File("main.cc"), "int main() { return 0; }\n");
    ElfRequest request;
    request.output_path = folder.File("empty.elf");
    request.sources = {folder.File("main.cc")};
    FirmwareBuild build = BuildElf(request, board);
    ElfFile elf = ReadElf(build.elf_path);
    EXPECT_EQ(elf.Address("tf_flash_start"), board.vector_table) << name;
    EXPECT_EQ(elf.Address("tf_vectors"), board.vector_table) << name;
    EXPECT_EQ(build.size.stack_bytes, board.stack_bytes) << name;
    EXPECT_LT(build.size.flash_bytes, 2048u) << name;
  }
}

TEST(Board, RamIsGroupedWhereItFollowsWithoutAGap) {
  Board board = FindBoard("stm32f746");
  ASSERT_EQ(board.RamBlocks().size(), 1u);
  EXPECT_EQ(board.RamBlocks()[0].size(), 3u);
  board.memory[2].address += 4;  // sram1, so that it follows dtcm no more
  ASSERT_EQ(board.RamBlocks().size(), 3u);
  EXPECT_EQ(board.RamBlocks()[1][0].name, "sram1");
}

TEST(Board, AnUnknownNameListsTheBoards) {
  EXPECT_EQ(ErrorText([] { FindBoard("stm32x"); }),
            "error[board/unknown] target 'stm32x'\n  expected: one of: cortex-m4, stm32f746, "
            "stm32h743\n"
            "  found:    no board of that name\n"
            "  fix:      choose one of these, or add a folder (boards/README.md)");
}

TEST(Board, AMissingFolderIsNamed) {
  ::setenv("TINYFORMER_BOARDS", "/nonexistent", 1);
  std::string text = ErrorText([] { BoardNames(); });
  ::unsetenv("TINYFORMER_BOARDS");
  EXPECT_EQ(text,
            "error[file/missing] /nonexistent\n  expected: the folder with the boards\n"
            "  found:    no such folder\n"
            "  fix:      set TINYFORMER_BOARDS to it, or install again");
}

TEST(Board, AnotherFormatIsRefused) {
  EXPECT_EQ(ErrorAfter("/version", 1),
            "error[board/format] board.json\n"
            "  expected: \"format\": \"tinyformer-board\", \"version\": 2\n"
            "  found:    \"tinyformer-board\", 1\n"
            "  fix:      compile a firmware folder again; bring a board of your own up to this "
            "version (boards/README.md)");
}

TEST(Board, AMissingKeyIsNamed) {
  EXPECT_EQ(ErrorAfter("/emulator", Json::object()),
            "error[json/key] board.json: key 'machine'\n  expected: a text\n"
            "  found:    no such key\n  fix:      correct this key in the file");
}

TEST(Board, WrongValuesAreNamed) {
  const std::string fix =
      "\n  fix:      correct this key in the file (boards/README.md describes it)";
  EXPECT_EQ(ErrorAfter("/memory/0/address", "2097152"),
            "error[board/value] board.json: key 'address'\n"
            "  expected: an address such as \"0x20000000\"\n  found:    \"2097152\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/memory/1/bytes", 65537),
            "error[board/value] board.json: key 'memory'\n"
            "  expected: regions that do not overlap\n  found:    'dtcm' reaches into 'sram1'" +
                fix);
  EXPECT_EQ(ErrorAfter("/memory/2/data_cache", "l2"),
            "error[board/value] board.json: key 'data_cache'\n"
            "  expected: the name of an entry of 'caches'\n  found:    \"l2\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/memory/0/kind", "rom"),
            "error[board/value] board.json: key 'kind'\n"
            "  expected: one of: flash, itcm, dtcm, sram, device\n  found:    \"rom\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/memory/1/emulated_at", "0x20010000"),
            "error[board/value] board.json: key 'memory'\n"
            "  expected: regions that do not overlap where 'emulated_at' puts them\n"
            "  found:    'dtcm' reaches into 'sram1'" +
                fix);
  EXPECT_EQ(ErrorAfter("/memory/1/emulated_at", 5),
            "error[json/key] board.json: key 'emulated_at'\n  expected: a text\n"
            "  found:    the number 5\n  fix:      correct this key in the file");
  EXPECT_EQ(ErrorAfter("/cpu", "cortex-m0"),
            "error[board/value] board.json: key 'cpu'\n"
            "  expected: \"cortex-m4\" or \"cortex-m7\", which have a cycle model\n"
            "  found:    \"cortex-m0\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/stack_bytes", 1),
            "error[board/value] board.json: key 'stack_bytes'\n"
            "  expected: a number from 1024 to 16777216\n  found:    1" +
                fix);
  EXPECT_EQ(ErrorAfter("/stack_bytes", 8196),
            "error[board/value] board.json: key 'stack_bytes'\n"
            "  expected: a multiple of 8\n  found:    8196" +
                fix);
  EXPECT_EQ(ErrorAfter("/caches/1/line_bytes", 48),
            "error[board/value] board.json: key 'line_bytes'\n"
            "  expected: a power of two in cache 'data'\n  found:    48" +
                fix);
  EXPECT_EQ(ErrorAfter("/caches/1/bytes", 4000),
            "error[board/value] board.json: key 'bytes'\n"
            "  expected: a multiple of ways x line_bytes in cache 'data'\n  found:    4000" +
                fix);
}

TEST(Board, ACacheOrAnFpuThatCannotBeIsNamed) {
  const std::string fix =
      "\n  fix:      correct this key in the file (boards/README.md describes it)";
  EXPECT_EQ(ErrorAfter("/fpu", "vfpv3"),
            "error[board/value] board.json: key 'fpu'\n"
            "  expected: \"fpv4-sp-d16\", \"fpv5-sp-d16\" or \"fpv5-d16\"\n"
            "  found:    \"vfpv3\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/caches/0/name", ""),
            "error[board/value] board.json: key 'name'\n"
            "  expected: another name for each cache\n  found:    \"\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/caches/1/name", "flash-accelerator"),
            "error[board/value] board.json: key 'name'\n"
            "  expected: another name for each cache\n  found:    \"flash-accelerator\"" +
                fix);
  EXPECT_EQ(ErrorAfter("/caches/1/ways", 0),
            "error[board/value] board.json: key 'ways'\n"
            "  expected: a number from 1 to 1024\n  found:    0" +
                fix);
}

TEST(Board, AMissingFileIsNamed) {
  const auto error_without = [](const std::string& name) {
    TestFirmware test("tiny");
    std::filesystem::remove(test.File("board/" + name));
    return Replace(ErrorText([&] { ReadBoard(test.File("board")); }), test.path(), "fw");
  };
  const std::string rest =
      "\n  found:    nothing at this path\n"
      "  fix:      copy it from a board that is like this one (boards/README.md)";
  EXPECT_EQ(error_without("startup.c"),
            "error[file/missing] fw/board/startup.c\n  expected: the board's startup code" + rest);
  EXPECT_EQ(error_without("board.ld"),
            "error[file/missing] fw/board/board.ld\n  expected: the board's linker script" + rest);
}

TEST(Board, AFolderOfAnotherNameIsRefused) {
  TemporaryFolder boards;
  std::filesystem::copy(FindBoard("cortex-m4").directory, boards.File("mine"));
  ::setenv("TINYFORMER_BOARDS", boards.path().c_str(), 1);
  const std::string text = ErrorText([] { FindBoard("mine"); });
  ::unsetenv("TINYFORMER_BOARDS");
  EXPECT_EQ(Replace(text, boards.path(), "boards"),
            "error[board/value] boards/mine/board.json: key 'name'\n"
            "  expected: the folder's name, \"mine\"\n  found:    \"cortex-m4\"\n"
            "  fix:      correct this key in the file, or rename the folder");
}

TEST(Board, PlacesThatCannotBeAreNamed) {
  const std::string fix =
      "\n  fix:      correct this key in the file (boards/README.md describes it)";
  const auto wrong = [&](const std::string& key, const std::string& expected,
                         const std::string& found) {
    return "error[board/value] board.json: key '" + key + "'\n  expected: " + expected +
           "\n  found:    " + found + fix;
  };
  const std::string names = "another name for each region, of a to z, 0 to 9, - and _";
  EXPECT_EQ(ErrorAfter("/memory/1/name", "sr am"), wrong("name", names, "\"sr am\""));
  EXPECT_EQ(ErrorAfter("/memory/1/name", ""), wrong("name", names, "\"\""));
  EXPECT_EQ(ErrorAfter("/memory/2/name", "dtcm"), wrong("name", names, "\"dtcm\""));
  EXPECT_EQ(ErrorAfter("/memory/1/emulated_at", "0xffffff00"),
            wrong("emulated_at", "an address from which 'dtcm' ends below 2^32", "0xffffff00"));
  EXPECT_EQ(ErrorAfter("/emulator/machine", "mps2-an500,firmware=x"),
            wrong("machine", "the name of a machine of QEMU, of a to z, 0 to 9, - and _",
                  "\"mps2-an500,firmware=x\""));
  EXPECT_EQ(ErrorAfter("/emulator/vector_table", "0x40000000"),
            wrong("vector_table", "an address inside the flash, where the emulated machine has it",
                  "0x40000000"));
  EXPECT_EQ(ErrorAfter("/emulator/harness_memory/address", "0x20000000"),
            wrong("harness_memory", "memory that is in no region", "it reaches into 'dtcm'"));
  EXPECT_EQ(
      ErrorAfter("/emulator/harness_memory/address", "0xffff0000"),
      wrong("harness_memory", "memory that ends below 2^32", "0xffff0000 and 16777216 bytes"));
}

}  // namespace
}  // namespace tinyformer
