// What every command of `tinyformer` is: options, and an answer that is printed as text or as JSON.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "report/record.h"

namespace CLI {
class App;
}

namespace tinyformer {

/// Exit statuses.
/// Source  SPEC section 10; 130 is the shell's for SIGINT
enum ExitStatus : int {
  kExitOk = 0,
  kExitBug = 1,
  kExitWrongInput = 2,
  kExitDoesNotFit = 3,
  kExitInterrupted = 130
};

/// The user's command line as a shell would take it: "tinyformer compile model.onnx -o firmware".
struct CommandLine {
  std::string text;
};

/// The word as a shell would take it, quoted if it has to be.
std::string ShellWord(const std::string& word);

/// The word of a command line as results may repeat it: *** for a server's password.
std::string WithoutPassword(std::string word);

/// What a command found out. With --json the object is printed, otherwise the text (on standard
/// error when the status is not 0).
struct Answer {
  Json json;
  std::string text;
  int status = kExitOk;
};

/// One command. Wrong input is thrown as Error; an interrupt as Interrupted.
class Command {
 public:
  virtual ~Command() = default;
  /// Declares its options; --help and --json are there already.
  virtual void Declare(CLI::App& app) = 0;
  virtual Answer Run(const CommandLine& line) = 0;
};

struct CommandEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<Command> (*make)();
};

/// The command table, in the order of use. `train` is not in it: it is another program
/// (train_program.h).
const std::vector<CommandEntry>& AllCommands();

std::unique_ptr<Command> MakeSearchCommand();
std::unique_ptr<Command> MakeCompressCommand();
std::unique_ptr<Command> MakeCompileCommand();
std::unique_ptr<Command> MakeRunCommand();
std::unique_ptr<Command> MakeProfileCommand();
std::unique_ptr<Command> MakeReportCommand();
std::unique_ptr<Command> MakeDataCommand();
std::unique_ptr<Command> MakeBenchCommand();
std::unique_ptr<Command> MakeTargetsCommand();
std::unique_ptr<Command> MakeOpsCommand();
std::unique_ptr<Command> MakeZooCommand();

/// Command line, version and commit of this program; input_hash is of the file or data that the
/// numbers depend on.
Provenance MakeProvenance(const CommandLine& line, const std::string& input_hash,
                          const std::string& device, const std::string& flags);

/// The Error as the object that --json promises: {"error": {code, where, expected, found, fix}}.
Json ErrorJson(const Error& error);

}  // namespace tinyformer
