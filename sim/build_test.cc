#include "sim/build.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "sim/elf_file.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// Replaces PATH for one scope, so that programs "are not installed".
class EmptyPath {
 public:
  EmptyPath() : old_(std::getenv("PATH")) { ::setenv("PATH", "/nonexistent", 1); }
  ~EmptyPath() { ::setenv("PATH", old_.c_str(), 1); }

 private:
  std::string old_;
};

std::string BuildError(const TestFirmware& test) {
  std::string text =
      ErrorText([&] { BuildFirmware(test.firmware(), test.board(), /*profile=*/false); });
  return Replace(text, test.path(), "fw");
}

TEST(Build, SizesAddUp) {
  TestFirmware test("tiny");
  FirmwareSize size = BuildFirmware(test.firmware(), test.board(), false).size;
  EXPECT_EQ(size.weight_bytes, 480u);
  EXPECT_EQ(size.arena_bytes, 128u);
  EXPECT_EQ(size.stack_bytes, 8192u);
  EXPECT_EQ(size.ram_bytes, 8192u + 128u + size.data_bytes + size.bss_bytes);
  uint64_t parts = size.code_bytes + size.weight_bytes + size.constant_bytes + size.harness_bytes +
                   size.data_bytes;
  EXPECT_GE(size.flash_bytes, parts);
  EXPECT_LE(size.flash_bytes, parts + 64);  // alignment between sections
}

TEST(Build, NothingIsDoneTwice) {
  TestFirmware test("tiny");
  std::string elf = BuildFirmware(test.firmware(), test.board(), false).elf_path;
  auto first = std::filesystem::last_write_time(elf);
  BuildFirmware(test.firmware(), test.board(), false);
  BuildFirmware(test.firmware(), test.board(), true);
  BuildFirmware(test.firmware(), test.board(), false);
  EXPECT_EQ(std::filesystem::last_write_time(elf), first);
  AppendLine(test.File("model.cc"), "extern \"C\" int addition() { return 1; }");
  BuildFirmware(test.firmware(), test.board(), false);
  EXPECT_NE(std::filesystem::last_write_time(elf), first);
}

TEST(Build, TheSameSourcesGiveTheSameBytes) {
  TestFirmware test("tiny");
  std::string elf = BuildFirmware(test.firmware(), test.board(), false).elf_path;
  std::string bytes = ReadFile(elf);
  std::filesystem::remove(elf);
  BuildFirmware(test.firmware(), test.board(), false);
  EXPECT_EQ(ReadFile(elf), bytes);
}

TEST(Build, AMissingCompilerIsNamed) {
  TestFirmware test("tiny");
  EmptyPath none;
  EXPECT_EQ(BuildError(test),
            "error[sim/toolchain-missing] arm-none-eabi-g++\n  expected: the compiler on PATH\n"
            "  found:    no such program\n"
            "  fix:      run tools/setup, or install the package gcc-arm-none-eabi");
}

TEST(Build, ACompilerErrorIsQuoted) {
  TestFirmware test("tiny");
  WriteFileAtomic(test.File("weights.cc"), "int broken = ;\n");
  EXPECT_EQ(BuildError(test),
            "error[sim/compile] fw/weights.cc\n  expected: code that compiles\n"
            "  found:    fw/weights.cc:1:14: error: expected primary-expression before ';' token\n"
            "  fix:      compile the model again; if you changed the folder, correct that file");
}

TEST(Build, FlagsThatNoFileCompilesWithAreTheBoards) {
  TestFirmware test("tiny");
  Board board = test.board();
  board.compiler_flags[0] = "-mcpu=cortex-m77";
  EXPECT_EQ(ErrorText([&] { BuildFirmware(test.firmware(), board, false); }),
            "error[board/value] board 'stm32f746': key 'compiler_flags'\n"
            "  expected: flags that arm-none-eabi-gcc takes\n"
            "  found:    arm-none-eabi-gcc: error: unrecognized -mcpu target: cortex-m77\n"
            "  fix:      correct this key in its board.json (boards/README.md describes it)");
}

TEST(Build, AScriptThatIsNoneIsQuoted) {
  TestFirmware test("tiny");
  WriteFileAtomic(test.File("board/board.ld"), "MEMORY {\n  FLASH }\n");
  EXPECT_THAT(BuildError(test),
              ::testing::MatchesRegex("error\\[sim/link\\] fw/build/emulator/firmware.elf\n"
                                      "  expected: objects that link\n"
                                      "  found:    .*ld:fw/board/board.ld:2: syntax error\n"
                                      "  fix:      compile the model again; if you changed the "
                                      "folder, correct what the linker names"));
}

TEST(Build, AMissingPieceIsNamed) {
  TestFirmware test("tiny");
  WriteFileAtomic(test.File("weights.cc"), "int nothing;\n");
  EXPECT_THAT(BuildError(test),
              ::testing::MatchesRegex("error\\[sim/link\\] fw/build/emulator/firmware.elf\n"
                                      "  expected: objects that link\n"
                                      "  found:    .*undefined reference to `model_weights'\n"
                                      "  fix:      compile the model again; if you changed the "
                                      "folder, correct what the linker names"));
}

TEST(Build, TooMuchRamIsRefusedByTheByte) {
  TestFirmware test("tiny");
  std::string header = ReadFile(test.File("model.h"));
  WriteFileAtomic(test.File("model.h"), Replace(header, "ARENA_BYTES 128", "ARENA_BYTES 319490"));
  EXPECT_EQ(BuildError(test),
            "error[sim/does-not-fit] fw/build/emulator/firmware.elf\n"
            "  expected: at most 327680 bytes of RAM\n"
            "  found:    327682 bytes: 2 too many\n"
            "  fix:      use a smaller model, or --optimize ram");
}

TEST(Build, TooMuchForOneRamRegionIsRefused) {
  TestFirmware test("tiny", "stm32h743");
  std::string header = ReadFile(test.File("model.h"));
  WriteFileAtomic(test.File("model.h"), Replace(header, "ARENA_BYTES 128", "ARENA_BYTES 122882"));
  EXPECT_EQ(BuildError(test),
            "error[sim/does-not-fit] fw/build/emulator/firmware.elf\n"
            "  expected: at most 131072 bytes of RAM in dtcm\n"
            "  found:    131074 bytes: 2 too many\n"
            "  fix:      use a smaller model, or --optimize ram");
}

TEST(Build, TooMuchFlashIsRefused) {
  TestFirmware test("tiny");
  for (const char* name : {"weights.cc", "weights.h"}) {
    WriteFileAtomic(test.File(name), Replace(ReadFile(test.File(name)), "[480]", "[1100000]"));
  }
  EXPECT_THAT(
      BuildError(test),
      ::testing::MatchesRegex("error\\[sim/does-not-fit\\] fw/build/emulator/firmware.elf\n"
                              "  expected: at most 1048576 bytes of flash\n"
                              "  found:    1[0-9]+ bytes: 5[0-9]+ too many\n"
                              "  fix:      use a smaller or sparser model, or --optimize size"));
}

TEST(Firmware, AFolderWithoutAPlanIsRefused) {
  TemporaryFolder folder;
  EXPECT_EQ(Replace(ErrorText([&] { ReadFirmware(folder.path()); }), folder.path(), "fw"),
            "error[sim/not-firmware] fw\n  expected: a firmware folder (with plan.json)\n"
            "  found:    no plan.json in it\n"
            "  fix:      make one with: tinyformer compile model.onnx --target stm32f746 -o fw");
}

TEST(Firmware, ItsOwnBoardComesFirst) {
  TestFirmware test("tiny");
  EXPECT_EQ(ReadFirmwareBoard(test.firmware()).directory, test.File("board"));
  std::filesystem::remove_all(test.File("board"));
  EXPECT_EQ(ReadFirmwareBoard(test.firmware()).directory, FindBoard("stm32f746").directory);
}

TEST(Firmware, WrongPlansAreRefused) {
  auto error_after = [](const std::string& pointer, const Json& value) {
    TestFirmware test("tiny");
    Json json = ReadJson(test.File("plan.json"));
    json[Json::json_pointer(pointer)] = value;
    WriteFileAtomic(test.File("plan.json"), json.dump());
    return Replace(ErrorText([&] { ReadFirmware(test.path()); }), test.path(), "fw");
  };
  EXPECT_EQ(error_after("/version", 7),
            "error[sim/plan] fw/plan.json\n"
            "  expected: \"format\": \"tinyformer-plan\", \"version\": 1\n"
            "  found:    another format or version\n  fix:      compile the model again");
  EXPECT_EQ(error_after("/prefix", "x; y"),
            "error[sim/plan] fw/plan.json: key 'prefix'\n  expected: a C identifier of at most 40 "
            "characters\n"
            "  found:    \"x; y\"\n  fix:      compile the model again");
  EXPECT_EQ(error_after("/input/shape/1", 0),
            "error[sim/plan] fw/plan.json: key 'input'\n"
            "  expected: a shape with 1 to 2^24 elements\n  found:    [1, 0, 4, 3]\n"
            "  fix:      compile the model again");
  EXPECT_EQ(error_after("/output/shape", {1, 1 << 24, 1 << 24}),
            "error[sim/plan] fw/plan.json: key 'output'\n"
            "  expected: a shape with 1 to 2^24 elements\n  found:    [1, 16777216, 16777216]\n"
            "  fix:      compile the model again");
  EXPECT_EQ(error_after("/input/zero_point", 128),
            "error[sim/plan] fw/plan.json: key 'input'\n"
            "  expected: a scale above 0 and a zero point in [-128, 127]\n"
            "  found:    {\"shape\":[1,4,4,3],\"scale\":0.5,\"zero_point\":128}\n"
            "  fix:      compile the model again");
  EXPECT_EQ(error_after("/layers", Json::array()),
            "error[sim/plan] fw/plan.json: key 'layers'\n  expected: a list of one layer or more\n"
            "  found:    an empty list\n  fix:      compile the model again");
  EXPECT_EQ(error_after("/layers/1/id", 1),
            "error[sim/plan] fw/plan.json: layer 2 'classifier'\n  expected: \"id\": 2\n"
            "  found:    1\n  fix:      compile the model again");
  const auto wrong_macs = [](const std::string& found) {
    return "error[sim/plan] fw/plan.json: layer 2 'classifier'\n"
           "  expected: macs from 0 to 2^48, and effective_macs from 0 to these\n  found:    " +
           found + "\n  fix:      compile the model again";
  };
  EXPECT_EQ(error_after("/layers/1/effective_macs", -1), wrong_macs("480 and -1"));
  EXPECT_EQ(error_after("/layers/1/effective_macs", 481), wrong_macs("480 and 481"));
  EXPECT_EQ(error_after("/layers/1/macs", int64_t{1} << 60),
            wrong_macs("1152921504606846976 and 480"));
}

TEST(ElfFile, EveryTruncationIsRefused) {
  TestFirmware test("tiny");
  std::string bytes = ReadFile(BuildFirmware(test.firmware(), test.board(), false).elf_path);
  for (size_t n : {size_t{0}, size_t{10}, size_t{51}, bytes.size() / 2, bytes.size() - 1}) {
    std::string path = test.File("cut.elf");
    WriteFileAtomic(path, bytes.substr(0, n));
    EXPECT_THAT(ErrorText([&] { ReadElf(path); }), ::testing::HasSubstr("error[sim/elf] ")) << n;
  }
}

TEST(ElfFile, AnotherFileIsRefused) {
  TemporaryFolder folder;
  WriteFileAtomic(folder.File("x"), std::string(100, 'x'));
  EXPECT_EQ(Replace(ErrorText([&] { ReadElf(folder.File("x")); }), folder.path(), "fw"),
            "error[sim/elf] fw/x\n  expected: a 32-bit little-endian ELF file\n"
            "  found:    another kind of file\n  fix:      build the firmware again");
}

}  // namespace
}  // namespace tinyformer
