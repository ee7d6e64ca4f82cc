// tinyformer search: what a search space holds and what of it fits a target.
#include "cli/command.h"
#include "cli/explain_space.h"
#include "cli/option_check.h"

namespace tinyformer {
namespace {

class SearchCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_flag("--explain", explain_,
                 "print the space's size, what its networks cost and what share fits");
    app.add_option("--space", request_.space, "paper, wide, tiny, another preset, or a TOML file")
        ->capture_default_str();
    app.add_option("--target", request_.target, "board; tinyformer targets lists them")
        ->capture_default_str();
    app.add_option("--limit", request_.limit,
                   "less than the target has: flash=980kB,ram=300KiB,latency=500ms");
    app.add_option("--data", request_.data,
                   "data set whose images the networks take; without it 32 x 32 x 3, 10 classes");
    app.add_option("--samples", request_.samples, "random networks that are priced")
        ->check(WholeNumber(1, 1000000))
        ->capture_default_str();
    app.add_option("--seed", request_.seed, "of the random networks")
        ->check(WholeNumber(0, INT64_MAX))
        ->capture_default_str();
    app.add_option("--adjust", request_.adjust,
                   "paper (Eq. 1-3) or bisection: other dims for a space that is rejected")
        ->check(OneOf({"paper", "bisection"}));
    app.add_option("--plot", request_.plot, "SVG file for the distribution of parameters");
  }

  Answer Run(const CommandLine& line) override {
    if (!explain_) {
      throw Error("cli/usage", "tinyformer search", "--explain", "no --explain",
                  "add it; see tinyformer search --help");
    }
    return ExplainSpace(request_, line);
  }

 private:
  bool explain_ = false;
  ExplainRequest request_{"paper", "stm32f746", "", "", "", ""};
};

}  // namespace

std::unique_ptr<Command> MakeSearchCommand() { return std::make_unique<SearchCommand>(); }

}  // namespace tinyformer
