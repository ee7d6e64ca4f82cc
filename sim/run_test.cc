#include "sim/run.h"

#include <gmock/gmock.h>

#include <cstring>
#include <regex>

#include "base/file.h"
#include "base/rng.h"
#include "sim/profile.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// One build of each testdata firmware serves all tests of this file.
class Run : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = new TestFirmware("tiny");
    misbehaving_ = new TestFirmware("misbehaving");
  }
  static void TearDownTestSuite() {
    delete tiny_;
    delete misbehaving_;
  }

  static std::vector<int8_t> RandomImages(int images, uint64_t seed) {
    Rng rng(seed, "images");
    std::vector<int8_t> inputs(static_cast<size_t>(48 * images));
    for (int8_t& value : inputs) value = static_cast<int8_t>(rng.Below(256));
    return inputs;
  }

  // The error of the misbehaving firmware's case; folder and map shortened, pc as "PC".
  static std::string Misbehave(int8_t which, double timeout_seconds = 60) {
    std::vector<int8_t> image(48, 0);
    image[0] = which;
    RunOptions options;
    options.timeout_seconds = timeout_seconds;
    std::string text = ErrorText(
        [&] { RunOnEmulator(misbehaving_->firmware(), misbehaving_->board(), image, options); });
    text = Replace(text, misbehaving_->path(), "fw");
    text = Replace(text, kMap, "MAP");
    for (const char* name : {"(pc 0x", "lr 0x"}) {
      size_t at = text.find(name);
      if (at != std::string::npos) text.replace(at + std::strlen(name) - 2, 10, "ADDRESS");
    }
    return text;
  }

  static constexpr const char* kMap =
      "flash 0x00200000..0x002fffff, dtcm 0x20000000..0x2000201f, flash-interface "
      "0x40023c00..0x40023fff";
  static TestFirmware* tiny_;
  static TestFirmware* misbehaving_;
};

TestFirmware* Run::tiny_ = nullptr;
TestFirmware* Run::misbehaving_ = nullptr;

TEST_F(Run, EmulatorAndHostGiveTheSameBytes) {
  std::vector<int8_t> inputs = RandomImages(20, 1);
  RunResult emulated = RunOnEmulator(tiny_->firmware(), tiny_->board(), inputs, {});
  RunResult host = RunOnHost(tiny_->firmware(), inputs, {});
  EXPECT_EQ(emulated.images, 20);
  EXPECT_EQ(emulated.outputs.size(), 200u);
  EXPECT_EQ(emulated.outputs, host.outputs);
}

TEST_F(Run, CountsAreTheSameForEveryRunImageModeAndNumberOfJobs) {
  RunResult first = RunOnEmulator(tiny_->firmware(), tiny_->board(), RandomImages(3, 1), {});
  EXPECT_EQ(first.instructions_min, first.instructions_max);
  for (uint64_t seed = 2; seed < 5; ++seed) {
    RunOptions options;
    options.jobs = seed == 3 ? 2 : 1;
    options.mode = seed == 4 ? EmulationMode::kCycles : EmulationMode::kCount;
    RunResult next =
        RunOnEmulator(tiny_->firmware(), tiny_->board(), RandomImages(5, seed), options);
    EXPECT_EQ(next.images, 5);
    EXPECT_EQ(next.instructions_min, first.instructions_min) << seed;
    EXPECT_EQ(next.instructions_max, first.instructions_max) << seed;
  }
}

TEST_F(Run, JobsKeepTheOrderOfTheOutputs) {
  RunOptions two;
  two.jobs = 2;
  std::vector<int8_t> inputs = RandomImages(7, 9);
  EXPECT_EQ(RunOnEmulator(tiny_->firmware(), tiny_->board(), inputs, two).outputs,
            RunOnHost(tiny_->firmware(), inputs, two).outputs);
}

TEST_F(Run, RamIsMeasuredToTheByte) {
  RunResult run = RunOnEmulator(tiny_->firmware(), tiny_->board(), RandomImages(1, 1), {});
  EXPECT_EQ(run.arena_touched_bytes, 48u);  // model.cc writes 48 of its arena's 128 bytes
  EXPECT_GT(run.stack_peak_bytes, 16u);
  EXPECT_LT(run.stack_peak_bytes, 512u);
  EXPECT_EQ(run.ram_touched_bytes, run.arena_touched_bytes + run.stack_peak_bytes);
}

TEST_F(Run, CyclesComeWithTheModelOnly) {
  RunOptions options;
  RunResult counted = RunOnEmulator(tiny_->firmware(), tiny_->board(), RandomImages(1, 1), options);
  EXPECT_EQ(counted.cycles_estimate, 0u);
  options.mode = EmulationMode::kCycles;
  RunResult modelled =
      RunOnEmulator(tiny_->firmware(), tiny_->board(), RandomImages(1, 1), options);
  EXPECT_GT(modelled.cycles_estimate, modelled.instructions_max / 2);
  EXPECT_LT(modelled.cycles_estimate, modelled.instructions_max * 2);
  EXPECT_GT(modelled.stall_estimate, 0u);
}

TEST_F(Run, ProfileHasEveryLayerOfThePlan) {
  Profile profile = ProfileFirmware(tiny_->firmware(), tiny_->board());
  ASSERT_EQ(profile.layers.size(), 2u);
  EXPECT_EQ(profile.layers[0].name, "clamp");
  EXPECT_EQ(profile.layers[0].instructions_per_mac, 0);
  EXPECT_EQ(profile.layers[1].kernel, "linear_s8");
  EXPECT_NEAR(profile.layers[1].instructions_per_mac,
              static_cast<double>(profile.layers[1].instructions) / 480, 1e-9);
  uint64_t sum = profile.layers[0].instructions + profile.layers[1].instructions;
  EXPECT_LE(sum, profile.instructions);
  EXPECT_GT(sum + 40, profile.instructions);  // call and return
}

TEST_F(Run, ALoadBeyondRamIsNamed) {
  EXPECT_EQ(
      Misbehave(1),
      "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
      "  expected: accesses inside MAP\n"
      "  found:    load of 1 byte at 0x20050000 by '(anonymous namespace)::load_beyond_ram()' "
      "(pc ADDRESS)\n"
      "  fix:      look for an index out of range or an uninitialised pointer there");
}

TEST_F(Run, ALoadThatTheEmulatorItselfRefusesIsNamed) {
  EXPECT_EQ(Misbehave(2),
            "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
            "  expected: accesses inside MAP\n"
            "  found:    access at 0x90000000 by '(anonymous namespace)::load_from_a_hole()' "
            "(pc ADDRESS)\n"
            "  fix:      look for an index out of range or an uninitialised pointer there");
}

TEST_F(Run, AStoreBeyondRamIsNamed) {
  EXPECT_EQ(Misbehave(3),
            "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
            "  expected: accesses inside MAP\n"
            "  found:    store of 1 byte at 0x20050010 by '(anonymous "
            "namespace)::store_beyond_ram()' (pc ADDRESS)\n"
            "  fix:      look for an index out of range or an uninitialised pointer there");
}

TEST_F(Run, AStoreIntoUnusedRamIsNamed) {
  EXPECT_EQ(Misbehave(12),
            "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
            "  expected: accesses inside MAP\n"
            "  found:    store of 1 byte at 0x20002020 by '(anonymous "
            "namespace)::store_behind_the_arena()' (pc ADDRESS)\n"
            "  fix:      look for an index out of range or an uninitialised pointer there");
}

TEST_F(Run, ALoadOfAGuardedByteIsNamed) {
  std::string text = Misbehave(13);
  size_t at = text.find("at 0x2000");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + 3, 10, "ADDRESS");
  EXPECT_EQ(
      text,
      "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
      "  expected: accesses to the buffers that are open\n"
      "  found:    guarded load of 1 byte at ADDRESS by '(anonymous "
      "namespace)::read_past_a_guarded_buffer()' (pc ADDRESS)\n"
      "  fix:      look for an index out of range there, or a word that reaches past a buffer");
}

TEST_F(Run, WorkThatDependsOnTheInputIsNamed) {
  std::string text = Misbehave(14);
  const std::string expected =
      "error[sim/unequal-work] fw/build/emulator/firmware.elf\n"
      "  expected: COUNT instructions, as for the input before\n"
      "  found:    COUNT instructions for the next one\n"
      "  fix:      look for a branch or a loop bound that depends on an activation";
  EXPECT_EQ(std::regex_replace(text, std::regex("[0-9]+ instructions"), "COUNT instructions"),
            expected);
}

TEST_F(Run, AStoreIntoFlashIsNamed) {
  std::string text = Misbehave(4);
  size_t at = text.find("at 0x002");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + 3, 10, "ADDRESS");
  EXPECT_EQ(text,
            "error[sim/flash-write] fw/build/emulator/firmware.elf\n"
            "  expected: no stores to flash\n"
            "  found:    store of 1 byte at ADDRESS by '(anonymous namespace)::store_into_flash()' "
            "(pc ADDRESS)\n"
            "  fix:      look for a pointer that drops const, or one that was never set");
}

TEST_F(Run, ExecutionOutsideFlashIsNamed) {
  std::string text = Misbehave(5);
  size_t at = text.find("at 0x2000");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + 3, 10, "ADDRESS");
  EXPECT_EQ(text,
            "error[sim/stray-access] fw/build/emulator/firmware.elf\n"
            "  expected: execution inside flash\n"
            "  found:    execution at ADDRESS, reached from '(anonymous namespace)::execute_ram()' "
            "(pc ADDRESS)\n"
            "  fix:      look for a wild function pointer or an overwritten return address");
}

TEST_F(Run, AStackOverflowIsNamed) {
  std::string text = Misbehave(6);
  size_t at = text.find("found:    8");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + 10, 4, "MORE");
  EXPECT_EQ(text,
            "error[sim/stack-overflow] fw/build/emulator/firmware.elf\n"
            "  expected: at most 8192 bytes of stack\n"
            "  found:    MORE bytes in use in '(anonymous namespace)::recurse_forever(int)' "
            "(pc ADDRESS)\n"
            "  fix:      raise stack_bytes in the board's board.json, or use less stack there");
}

TEST_F(Run, AnUndefinedInstructionIsNamed) {
  EXPECT_EQ(Misbehave(7),
            "error[sim/fault] fw/build/emulator/firmware.elf\n"
            "  expected: no processor fault\n"
            "  found:    an undefined instruction by '(anonymous "
            "namespace)::run_an_undefined_instruction()' (pc ADDRESS), lr ADDRESS, cfsr "
            "0x00010000\n"
            "  fix:      look at the instruction there: arm-none-eabi-objdump -dC shows it");
}

TEST_F(Run, AnEndlessLoopRunsIntoTheTimeLimit) {
  EXPECT_EQ(Misbehave(8, 0.5),
            "error[sim/timeout] fw/build/emulator/firmware.elf\n"
            "  expected: an end within 0.5 seconds\n"
            "  found:    the firmware still running\n"
            "  fix:      look for an endless loop, run fewer images, or allow more time");
}

TEST_F(Run, AnErrorOfInvokeIsReported) {
  EXPECT_EQ(Misbehave(9),
            "error[sim/invoke-failed] fw\n"
            "  expected: model_invoke to return 0\n"
            "  found:    another value\n"
            "  fix:      look into the generated code: it refuses this input");
}

TEST_F(Run, AFaultWithoutAStackIsNamed) {
  std::string text = Misbehave(11);
  size_t at = text.find("sp 0x");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at + 3, 10, "ADDRESS");
  EXPECT_EQ(text,
            "error[sim/fault] fw/build/emulator/firmware.elf\n"
            "  expected: no processor fault\n"
            "  found:    a fault handler that faults itself (pc ADDRESS, sp ADDRESS)\n"
            "  fix:      look for code that spoils the stack pointer or a saved return address");
}

TEST_F(Run, AnEndlessLoopOnTheHostRunsIntoTheTimeLimit) {
  std::vector<int8_t> image(48, 0);
  image[0] = 8;
  RunOptions options;
  options.timeout_seconds = 0.3;
  std::string text = ErrorText([&] { RunOnHost(misbehaving_->firmware(), image, options); });
  EXPECT_EQ(Replace(text, misbehaving_->path(), "fw"),
            "error[sim/timeout] fw/build/host/model\n  expected: an end in time\n"
            "  found:    the program still running\n"
            "  fix:      run fewer images, or allow more time");
}

TEST_F(Run, ALayerThatNeverRunsIsNamed) {
  Firmware firmware = tiny_->firmware();
  firmware.layers.push_back({3, "ghost", "linear", "linear_s8", 1, 1});
  std::string text = ErrorText([&] { ProfileFirmware(firmware, tiny_->board()); });
  EXPECT_EQ(Replace(text, tiny_->path(), "fw"),
            "error[sim/plan] fw: layer 'ghost'\n  expected: a layer that runs, one of 255 at most\n"
            "  found:    no instruction of it\n"
            "  fix:      compile the model again; one of more layers cannot be profiled");
}

TEST_F(Run, DataDependentWorkShowsInTheCounts) {
  std::vector<int8_t> inputs(96, 0);
  inputs[0] = inputs[48] = 10;
  inputs[49] = 20;
  RunResult run = RunOnEmulator(misbehaving_->firmware(), misbehaving_->board(), inputs, {});
  EXPECT_GT(run.instructions_max, run.instructions_min + 20);
}

TEST_F(Run, ACrashOnTheHostIsReported) {
  std::vector<int8_t> image(48, 0);
  image[0] = 7;
  std::string text = ErrorText([&] { RunOnHost(misbehaving_->firmware(), image, {}); });
  EXPECT_EQ(Replace(text, misbehaving_->path(), "fw"),
            "error[sim/host-crash] fw/build/host/model\n"
            "  expected: a run to its end\n"
            "  found:    signal 4 (Illegal instruction)\n"
            "  fix:      run it on the emulator, which names the access and the function");
}

TEST_F(Run, HalfAnImageIsRefused) {
  std::vector<int8_t> inputs(50, 0);
  EXPECT_EQ(ErrorText([&] { RunOnHost(tiny_->firmware(), inputs, {}); }),
            "error[sim/input-size] inputs of 'tiny'\n"
            "  expected: a multiple of 48 bytes (shape [1, 4, 4, 3])\n"
            "  found:    50 bytes\n"
            "  fix:      give whole images of the model's input shape");
}

}  // namespace
}  // namespace tinyformer
