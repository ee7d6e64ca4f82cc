// tinyformer profile: one image under the cycle model, layer by layer.
#include <CLI/App.hpp>

#include "base/file.h"
#include "cli/command.h"
#include "cli/option_check.h"
#include "sim/profile.h"

namespace tinyformer {
namespace {

class ProfileCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("firmware", firmware_, "folder that tinyformer compile made")->required();
    app.add_option("--timeout", timeout_seconds_, "seconds")
        ->check(Seconds())
        ->capture_default_str();
  }

  Answer Run(const CommandLine& line) override {
    const Firmware firmware = ReadFirmware(firmware_);
    const Board board = ReadFirmwareBoard(firmware);
    const Profile profile = ProfileFirmware(firmware, board, timeout_seconds_);
    Answer answer;
    answer.json = ProfileJson(profile);
    answer.json["clock_hz"] = board.clock_hz;
    answer.json["provenance"] =
        ToJson(MakeProvenance(line, Checksum(ReadFile(firmware_ + "/plan.json")),
                              "QEMU " + board.emulator_machine + ", " + board.cpu, ""));
    answer.text = ProfileTable(profile, board.clock_hz);
    return answer;
  }

 private:
  std::string firmware_;
  double timeout_seconds_ = 600;
};

}  // namespace

std::unique_ptr<Command> MakeProfileCommand() { return std::make_unique<ProfileCommand>(); }

}  // namespace tinyformer
