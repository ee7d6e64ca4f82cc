#include "cli/command.h"

#include "version.h"

namespace tinyformer {

const std::vector<CommandEntry>& AllCommands() {
  static const std::vector<CommandEntry> commands = {
      {"search", "what a search space holds, and what of it fits a board", MakeSearchCommand},
      {"compress", "prune a trained network, make it int8, write ONNX", MakeCompressCommand},
      {"compile", "make firmware from an ONNX model", MakeCompileCommand},
      {"run", "run firmware in the emulator or on this machine", MakeRunCommand},
      {"profile", "instructions and estimated cycles of every layer", MakeProfileCommand},
      {"report", "one page about everything that was measured", MakeReportCommand},
      {"data", "list, verify, look at and fetch data sets", MakeDataCommand},
      {"bench", "what the kernels cost in the emulator", MakeBenchCommand},
      {"targets", "the boards", MakeTargetsCommand},
      {"ops", "the operators that compile takes", MakeOpsCommand},
      {"zoo", "the trained models that come along", MakeZooCommand},
  };
  return commands;
}

Provenance MakeProvenance(const CommandLine& line, const std::string& input_hash,
                          const std::string& device, const std::string& flags) {
  Provenance provenance;
  provenance.command = line.text;
  provenance.input_hash = input_hash;
  provenance.version = TINYFORMER_VERSION;
  provenance.commit = TINYFORMER_COMMIT;
  provenance.device = device;
  provenance.flags = flags;
  return provenance;
}

std::string ShellWord(const std::string& word) {
  const bool plain =
      !word.empty() && word.find_first_of(" '\"\\$&|;<>()*?`\n\t#") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Json ErrorJson(const Error& error) { return {{"error", ToJson(error)}}; }

}  // namespace tinyformer
