#include "cli/command.h"

#include <algorithm>
#include <string_view>

#include "version.h"

namespace tinyformer {

const std::vector<CommandEntry>& AllCommands() {
  static const std::vector<CommandEntry> commands = {
      {"search", "find the best sparse network that fits a board", MakeSearchCommand},
      {"compress", "prune a trained network, make it int8, write ONNX", MakeCompressCommand},
      {"compile", "make firmware from an ONNX model", MakeCompileCommand},
      {"run", "run firmware in the emulator or on this machine", MakeRunCommand},
      {"profile", "instructions and estimated cycles of every layer", MakeProfileCommand},
      {"report", "one page about everything that was measured", MakeReportCommand},
      {"data", "list, verify, look at and fetch data sets", MakeDataCommand},
      {"bench", "how fast: kernels in the emulator, training on this machine", MakeBenchCommand},
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
      !word.empty() && word.find_first_of(" '\"\\$&|;<>()*?`\n\t#~[]{}!") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string WithoutPassword(std::string word) {
  constexpr std::string_view kUser = "://", kParameter = "password=";
  const size_t user = word.find(kUser);
  if (user == std::string::npos) return word;
  const size_t colon = word.find(':', user + kUser.size()), at = word.rfind('@');
  if (at != std::string::npos && colon < at) word.replace(colon + 1, at - colon - 1, "***");
  const size_t parameter = word.find(kParameter);
  if (parameter == std::string::npos) return word;
  const size_t begin = parameter + kParameter.size();
  return word.replace(begin, std::min(word.find('&', begin), word.size()) - begin, "***");
}

Json ErrorJson(const Error& error) { return {{"error", ToJson(error)}}; }

}  // namespace tinyformer
