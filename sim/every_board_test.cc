// What must hold on every board in boards/: the same outputs, and a memory map that is kept to.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/rng.h"
#include "sim/elf_file.h"
#include "sim/run.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

class EveryBoard : public ::testing::TestWithParam<std::string> {
 protected:
  // The error of the misbehaving firmware for one kind of misbehaviour (testdata/misbehaving).
  static std::string Misbehave(int8_t kind) {
    TestFirmware test("misbehaving", GetParam());
    std::vector<int8_t> image(48, 0);
    image[0] = kind;
    return ErrorText([&] { RunOnEmulator(test.firmware(), test.board(), image, {}); });
  }

  // The address that an error names behind the word.
  static uint32_t AddressAfter(const std::string& text, const std::string& word) {
    size_t at = text.find(word + " 0x");
    EXPECT_NE(at, std::string::npos) << text;
    return static_cast<uint32_t>(std::strtoul(text.c_str() + at + word.size() + 1, nullptr, 16));
  }

  static bool InFlash(uint32_t address) {
    for (const MemoryRegion& region : FindBoard(GetParam()).memory) {
      bool inside = address - region.address < region.bytes;
      if (inside && region.kind == MemoryRegion::Kind::kFlash) return true;
    }
    return false;
  }
};

TEST_P(EveryBoard, ComputesTheHostsBytes) {
  TestFirmware test("tiny", GetParam());
  Rng rng(5, "images");
  std::vector<int8_t> images(static_cast<size_t>(3 * test.firmware().input_bytes));
  for (int8_t& value : images) value = static_cast<int8_t>(rng.Below(256));
  RunResult emulated = RunOnEmulator(test.firmware(), test.board(), images, {});
  EXPECT_EQ(emulated.outputs, RunOnHost(test.firmware(), images, {}).outputs);
  EXPECT_EQ(emulated.instructions_min, emulated.instructions_max);
  EXPECT_EQ(emulated.size.stack_bytes, test.board().stack_bytes);
  EXPECT_GT(emulated.stack_peak_bytes, 0u);
  EXPECT_EQ(emulated.arena_touched_bytes, 48u);
}

TEST_P(EveryBoard, StaysInsideItsMemory) {
  EXPECT_EQ(Misbehave(1).find("error[sim/stray-access]"), 0u);   // a load beyond RAM
  EXPECT_EQ(Misbehave(12).find("error[sim/stray-access]"), 0u);  // a store into unused RAM
  EXPECT_EQ(Misbehave(5).find("error[sim/stray-access]"), 0u);   // execution in RAM
  EXPECT_EQ(Misbehave(6).find("error[sim/stack-overflow]"), 0u);
}

TEST_P(EveryBoard, ErrorsNameTheChipsAddresses) {
  const std::string text = Misbehave(4);
  EXPECT_EQ(text.find("error[sim/flash-write]"), 0u) << text;
  EXPECT_TRUE(InFlash(AddressAfter(text, "at"))) << text;
  EXPECT_TRUE(InFlash(AddressAfter(text, "pc"))) << text;
}

TEST_P(EveryBoard, IsLinkedForTheChipWithoutWindows) {
  Board board = FindBoard(GetParam());
  for (MemoryRegion& region : board.memory) region.emulated_address = region.address;
  TemporaryFolder folder;
  WriteFileAtomic(folder.File("main.cc"),
                  "__attribute__((section(\".tf_arena\"))) volatile char arena[16];\n"
                  "int main() { return arena[0]; }\n");
  ElfRequest request;
  request.output_path = folder.File("chip.elf");
  request.sources = {folder.File("main.cc")};
  ElfFile elf = ReadElf(BuildElf(request, board).elf_path);
  EXPECT_TRUE(InFlash(elf.Address("tf_flash_start")));
  EXPECT_TRUE(InFlash(elf.Address("main")));
  EXPECT_EQ(elf.Address("tf_stack_limit"), board.RamBlocks()[0][0].address);
  const auto blocks = board.RamBlocks();
  for (size_t block = 0; block < blocks.size(); ++block) {
    const std::string arena = block == 0 ? "tf_arena" : "tf_arena_" + blocks[block].front().name;
    const MemoryRegion& last = blocks[block].back();
    EXPECT_GE(elf.Address(arena + "_start"), blocks[block].front().address);
    EXPECT_LE(elf.Address(arena + "_end"), last.address + last.bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Boards, EveryBoard, ::testing::ValuesIn(BoardNames()),
                         [](const auto& board) { return Replace(board.param, "-", "_"); });

}  // namespace
}  // namespace tinyformer
