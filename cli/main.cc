// tinyformer: finds the command, parses its options, prints its answer or what was wrong.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/check.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "cli/command.h"
#include "cli/train_program.h"
#include "version.h"

namespace tinyformer {
namespace {

constexpr const char* kTrainSummary = "train a genome's network on images";

std::string Overview() {
  std::string text = "TinyFormer " TINYFORMER_VERSION
                     ": small, sparse CNN/transformer networks as verified C++ firmware\n\n"
                     "Usage: tinyformer COMMAND [OPTIONS]\n\nCommands, in the order of use:\n";
  auto add = [&text](const std::string& name, const std::string& summary) {
    text += "  " + name + std::string(10 - name.size(), ' ') + summary + "\n";
  };
  add("train", kTrainSummary);
  for (const CommandEntry& entry : AllCommands()) add(entry.name, entry.summary);
  text +=
      "\ntinyformer COMMAND --help tells the options; every command knows --json.\n"
      "Exit status: 0 fine, 1 our bug, 2 wrong input, 3 the model does not fit, 130 interrupted.\n";
  return text;
}

[[noreturn]] void FailUnknownCommand(const std::string& name) {
  std::string known = "train";
  for (const CommandEntry& entry : AllCommands()) known += std::string(", ") + entry.name;
  throw Error("cli/command", "tinyformer " + name, "one of: " + known, "no command of that name",
              "see tinyformer --help");
}

// What CLI11 found, or for a group of commands (tinyformer data): which there are.
Error UsageError(const CLI::App& app, const std::string& name, const std::string& found) {
  std::string known;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
    known += (known.empty() ? "" : ", ") + one->get_name();
  if (!known.empty() && app.get_subcommands().empty()) {
    return Error("cli/usage", name, "one of: " + known, "none of them", "see " + name + " --help");
  }
  return Error("cli/usage", name, "options as " + name + " --help lists them", found,
               "correct the command line");
}

// "--images: a whole number from 1 to 5\n'6'" (option_check.h)
Error ValueError(const std::string& name, const std::string& text) {
  const size_t colon = text.find(": "), line = text.find('\n', colon);
  return Error("cli/usage", name + " " + text.substr(0, colon),
               text.substr(colon + 2, line - colon - 2), text.substr(line + 1),
               "correct the command line");
}

// "Could not convert: --epochs = abc"
Error ConversionError(const CLI::App& app, const std::string& name, const std::string& text) {
  const size_t option = text.find(": ") + 2, equals = text.find(" = ", option);
  if (equals == std::string::npos) return UsageError(app, name, text);
  const std::string word = text.substr(option, equals - option);
  const CLI::Option* known = app.get_option_no_throw(word);
  const bool is_whole = known != nullptr && known->get_type_name() != "FLOAT";
  return Error("cli/usage", name + " " + word, is_whole ? "a whole number" : "a number",
               "'" + text.substr(equals + 3) + "'", "correct the command line");
}

// CLI11 would take the next argument for the value of "--option="; an empty one is as good as none.
void RequireValues(const std::string& name, const std::vector<std::string>& arguments) {
  std::string before;
  for (const std::string& argument : arguments) {
    if (argument == "--") return;
    const bool ends = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (ends || (argument.empty() && before.starts_with("-"))) {
      throw Error("cli/usage", name + " " + (ends ? argument : before), "a value", "none",
                  "correct the command line");
    }
    before = argument;
  }
}

// One object for standard output; text that is not UTF-8 (names of files) loses those bytes.
std::string Printed(const Json& json) { return JsonText(json, 2) + "\n"; }

int RunCommandLine(const CommandEntry& entry, std::vector<std::string> arguments, bool json) {
  const std::string name = std::string("tinyformer ") + entry.name;
  CommandLine line{name};
  for (const std::string& argument : arguments)
    line.text += " " + ShellWord(WithoutPassword(argument));

  std::unique_ptr<Command> command = entry.make();
  CLI::App app(entry.summary, name);
  app.get_formatter()->label("TEXT", "VALUE");
  app.get_formatter()->label("REQUIRED", "(required)");
  bool declared_json = false;
  command->Declare(app);
  const char* const json_text = "print one JSON object on standard output";
  app.add_flag("--json", declared_json, json_text);
  for (CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
    one->add_flag("--json", declared_json, json_text);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ValidationError& error) {
    throw ValueError(name, error.what());
  } catch (const CLI::ConversionError& error) {
    throw ConversionError(app, name, error.what());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw UsageError(app, name, error.what());
  }
  const Answer answer = command->Run(line);
  if (json) {
    std::cout << Printed(answer.json);
  } else {
    (answer.status == kExitOk ? std::cout : std::cerr) << answer.text;
  }
  return answer.status;
}

int Dispatch(const std::vector<std::string>& arguments, bool json) {
  if (arguments.empty()) {
    std::cerr << Overview();
    return kExitWrongInput;
  }
  const std::string& name = arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    std::cout << Overview();
    return kExitOk;
  }
  if (name == "--version") {
    std::cout << "tinyformer " TINYFORMER_VERSION " (" TINYFORMER_COMMIT ")\n";
    return kExitOk;
  }
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  RequireValues("tinyformer " + name, rest);
  if (name == "train") BecomeTrainProgram(arguments);
  if (name == "bench" && !rest.empty() && rest[0] == "train") BecomeTrainProgram(arguments);
  for (const CommandEntry& entry : AllCommands()) {
    if (name == entry.name) return RunCommandLine(entry, rest, json);
  }
  FailUnknownCommand(name);
}

int DispatchWithPaths(const std::vector<std::string>& arguments, bool json) {
  try {
    return Dispatch(arguments, json);
  } catch (const std::filesystem::filesystem_error& error) {
    throw PathError(error);
  }
}

void RequirePrinted() {
  std::cout.flush();
  if (std::cout) return;
  throw Error("cli/output", "standard output", "a place that takes what is written",
              "the write failed", "check the disk or the program at the other end of the pipe");
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  CatchInterrupts();
  try {
    const int status = DispatchWithPaths(arguments, json);
    RequirePrinted();
    return status;
  } catch (const Error& error) {
    if (json) std::cout << Printed(ErrorJson(error)) << std::flush;
    std::cerr << error.what() << "\n";
    return error.code() == "sim/does-not-fit" ? kExitDoesNotFit : kExitWrongInput;
  } catch (const Interrupted&) {
    std::cerr << "stopped\n";
    return kExitInterrupted;
  } catch (const std::bad_alloc&) {
    std::cerr << "out of memory: close other programs, or take a smaller input\n";
    return kExitWrongInput;
  } catch (const std::exception& bug) {
    std::cerr << "this is a bug in tinyformer, please report it: " << bug.what() << "\n";
    return kExitBug;
  }
}

}  // namespace
}  // namespace tinyformer

int main(int argc, char** argv) { return tinyformer::Main(argc, argv); }
