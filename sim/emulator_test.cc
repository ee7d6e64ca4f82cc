#include "sim/emulator.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "base/interrupt.h"
#include "sim/build.h"
#include "sim/process.h"
#include "sim/run.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// Sets an environment variable for one scope.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);
    had_ = old != nullptr;
    old_ = had_ ? old : "";
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { had_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  bool had_;
  std::string old_;
};

// Runs the tiny firmware on one image; "" or the error's text with its folder as "fw".
std::string RunTiny(TestFirmware* test) {
  FirmwareBuild build = BuildFirmware(test->firmware(), test->board(), false);
  WriteFileAtomic(test->File("input.bin"), std::string(48, '\1'));
  return Replace(ErrorText([&] { RunElf(build.elf_path, test->board(), test->path(), {}); }),
                 test->path(), "fw");
}

// A PATH whose qemu-system-arm is a script; the compiler stays.
std::string PathWithFakeEmulator(const TestFirmware& test, const std::string& script) {
  std::string folder = test.File("bin");
  WriteFileAtomic(folder + "/qemu-system-arm", "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(folder + "/qemu-system-arm", std::filesystem::perms::owner_all);
  return folder + ":" + std::getenv("PATH");
}

TEST(Emulator, AMissingEmulatorIsNamed) {
  TestFirmware test("tiny");
  RunTiny(&test);
  Board board = test.board();
  Environment path("PATH", "/nonexistent");
  EXPECT_EQ(
      ErrorText([&] { RunElf(test.File("build/emulator/firmware.elf"), board, test.path(), {}); }),
      "error[sim/emulator-missing] qemu-system-arm\n  expected: the emulator on PATH\n"
      "  found:    no such program\n"
      "  fix:      run tools/setup, or install the package qemu-system-arm");
}

TEST(Emulator, AMissingPluginIsNamed) {
  TestFirmware test("tiny");
  Environment plugin("TINYFORMER_EMULATOR_PLUGIN", "/nonexistent/plugin.so");
  EXPECT_EQ(RunTiny(&test),
            "error[sim/plugin-missing] /nonexistent/plugin.so\n  expected: the emulator plugin\n"
            "  found:    no such file\n"
            "  fix:      build it (target tinyformer-emulator-plugin), or set "
            "TINYFORMER_EMULATOR_PLUGIN");
}

TEST(Emulator, AnotherQemuVersionIsNamed) {
  TestFirmware test("tiny");
  Environment plugin("TINYFORMER_EMULATOR_PLUGIN", "/bin/sh");
  Environment path(
      "PATH",
      PathWithFakeEmulator(
          test, "echo 'qemu: plugin requires version 1, interface supports 2 to 4'; exit 1"));
  EXPECT_EQ(RunTiny(&test),
            "error[sim/plugin-version] /bin/sh\n"
            "  expected: QEMU 6.0 to 8.1 with TCG plugins (tested: 7.2)\n"
            "  found:    qemu: plugin requires version 1, interface supports 2 to 4\n"
            "  fix:      install such a QEMU, for instance Debian 12's qemu-system-arm");
}

TEST(Emulator, ACrashingEmulatorIsReported) {
  TestFirmware test("tiny");
  Environment path("PATH", PathWithFakeEmulator(test, "echo going down; kill -SEGV $$"));
  EXPECT_EQ(RunTiny(&test),
            "error[sim/emulator-failed] fw/build/emulator/firmware.elf\n"
            "  expected: a run to its end\n"
            "  found:    qemu-system-arm ended by signal 11: going down\n"
            "  fix:      run it again; if it stays, check the machine name in board.json");
}

TEST(Emulator, AnUnknownMachineIsReported) {
  TestFirmware test("tiny");
  std::string text = ReadFile(test.File("board/board.json"));
  WriteFileAtomic(test.File("board/board.json"), Replace(text, "mps2-an500", "no-such-machine"));
  FirmwareBuild build = BuildFirmware(test.firmware(), test.board(), false);
  Board board = ReadBoard(test.File("board"));
  std::string text_of_error = ErrorText([&] { RunElf(build.elf_path, board, test.path(), {}); });
  EXPECT_EQ(Replace(text_of_error, test.path(), "fw"),
            "error[sim/emulator-failed] fw/build/emulator/firmware.elf\n"
            "  expected: a run to its end\n"
            "  found:    qemu-system-arm ended with status 1: Use -machine help to list supported "
            "machines\n"
            "  fix:      correct what it says; board.json names the machine");
}

TEST(Emulator, AVectorTableElsewhereIsReported) {
  TestFirmware test("tiny");
  const FirmwareBuild build = BuildFirmware(test.firmware(), test.board(), false);
  Board board = test.board();
  board.vector_table += 0x10000;
  const std::string text = ErrorText([&] { RunElf(build.elf_path, board, test.path(), {}); });
  EXPECT_EQ(Replace(text, test.path(), "fw"),
            "error[sim/no-reset] fw/build/emulator/firmware.elf\n"
            "  expected: a vector table at 0x00210000, as board.json says\n"
            "  found:    a reset that leaves flash before its first instruction\n"
            "  fix:      let vector_table in board.json be where board.ld puts .vectors");
}

TEST(Emulator, TheTemporaryFolderMayHaveAnyName) {
  TestFirmware test("tiny");
  const std::string odd = test.File("not UTF-8, \xff");
  std::filesystem::create_directory(odd);
  Environment temporary("TMPDIR", odd);
  EXPECT_EQ(RunTiny(&test), "");
}

// An emulator that leaves a well-formed result and ends with a status of our choice.
std::string FakeRun(int status) {
  const char* cost =
      R"("instructions": 1, "cycles": 0, "stall_cycles": 0, "mispredictions": 0, "unaligned": 0)";
  std::string result =
      std::string(R"({"format": "tinyformer-emulator-run", "version": 1, "total": {)") + cost +
      R"(}, "images": {"count": 1, "instructions_min": 1, "instructions_max": 1, )" + cost +
      R"(}, "layers": [], "parts": [], "violation": null})";
  return "config=$(echo \"$*\" | sed 's/.*config=\\([^ ]*\\).*/\\1/')\n"
         "output=$(dirname $config)/result.json\n"
         "echo '" +
         result + "' > $output\nexit " + std::to_string(status);
}

std::string RunFake(int status) {
  TestFirmware test("tiny");
  Environment path("PATH", PathWithFakeEmulator(test, FakeRun(status)));
  std::vector<int8_t> image(48, 0);
  return Replace(ErrorText([&] { RunOnEmulator(test.firmware(), test.board(), image, {}); }),
                 test.path(), "fw");
}

TEST(Emulator, TroubleWithTheHarnessFilesIsReported) {
  EXPECT_EQ(RunFake(102),
            "error[sim/harness-files] fw\n  expected: input and output files that can be used\n"
            "  found:    a file that cannot be opened or written\n"
            "  fix:      free some space in the temporary folder ($TMPDIR)");
  EXPECT_EQ(RunFake(77),
            "error[sim/harness-files] fw\n  expected: an end with status 0\n  found:    status 77\n"
            "  fix:      compile the model again");
}

TEST(Emulator, AMissingOutputIsReported) {
  EXPECT_EQ(RunFake(0),
            "error[sim/harness-files] fw\n  expected: 10 bytes of output\n  found:    0 bytes\n"
            "  fix:      compile the model again if plan.json was changed; otherwise free some "
            "space in the temporary folder ($TMPDIR)");
}

TEST(Emulator, AnElfWithoutOurSymbolsIsRefused) {
  TestFirmware test("tiny");
  std::string elf = BuildFirmware(test.firmware(), test.board(), false).elf_path;
  ASSERT_EQ(RunProcess({"arm-none-eabi-strip", elf}, "/", 10).exit_status, 0);
  EXPECT_EQ(
      Replace(ErrorText([&] { RunElf(elf, test.board(), test.path(), {}); }), test.path(), "fw"),
      "error[sim/elf-symbol] fw/build/emulator/firmware.elf\n"
      "  expected: a symbol 'tf_stack_limit'\n  found:    no such symbol\n"
      "  fix:      link with the board's board.ld");
}

TEST(Emulator, GarbageFromThePluginIsRefused) {
  auto error = [](const std::string& text) {
    return ErrorText([&] { internal::ParsePluginResult(text, "fw.elf"); });
  };
  const std::string tail =
      "\n  fix:      rebuild, so that plugin and program are of the same version";
  EXPECT_EQ(error(""),
            "error[sim/plugin-output] fw.elf\n"
            "  expected: the result of tinyformer-emulator-plugin.so\n  found:    nothing" +
                tail);
  EXPECT_EQ(error("{\"format\": \"tinyformer-emulator-run\", \"version\": 9}"),
            "error[sim/plugin-output] fw.elf\n"
            "  expected: the result of tinyformer-emulator-plugin.so\n"
            "  found:    51 bytes of something else" +
                tail);
  EXPECT_NE(error("{\"format\": \"tinyformer-emulator-run\", \"version\": 1, \"total\": 3}"), "");
}

TEST(Process, OutputAndStatusComeBack) {
  ProcessResult result = RunProcess({"sh", "-c", "echo out; echo err >&2; exit 7"}, "/", 10);
  EXPECT_TRUE(result.started);
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(Process, AProgramThatPrintsForeverIsCutAndKilled) {
  ProcessResult result = RunProcess({"sh", "-c", "while :; do echo 0123456789; done"}, "/", 0.3);
  EXPECT_TRUE(result.timed_out);
  EXPECT_LE(result.output.size(), size_t{1} << 20);
}

// In a child process, because the interrupt flag stays set.
TEST(Process, AnInterruptEndsTheProgram) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto interrupted_run = [] {
    CatchInterrupts();
    std::thread later([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ::kill(::getpid(), SIGINT);
    });
    later.detach();
    try {
      RunProcess({"sleep", "60"}, "/", 50);
    } catch (const Interrupted&) {
      std::_Exit(130);
    }
    std::_Exit(1);
  };
  EXPECT_EXIT(interrupted_run(), ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace tinyformer
