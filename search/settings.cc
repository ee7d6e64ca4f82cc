#include "search/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/error.h"
#include "search/read_space.h"

namespace tinyformer {
namespace {

constexpr int kVersion = 2;
constexpr int64_t kMost = 1000000;           // of trials and epochs
constexpr int64_t kMostImages = 1000000000;  // that tinyformer train and compress take

// A whole number of the settings: its JSON key is its option without dashes.
struct Number {
  const char* option;
  int64_t (*get)(const SearchSettings&);
  void (*set)(SearchSettings&, int64_t);
  int64_t low, high;
  bool since_later = false;  // searches that began without it have it at 0, and do not say so
};

#define TF_SETTING(option, member, ...)                                         \
  Number {                                                                      \
    option, [](const SearchSettings& s) -> int64_t { return s.member; },        \
        [](SearchSettings& s, int64_t value) { s.member = value; }, __VA_ARGS__ \
  }

const std::vector<Number>& Numbers() {
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  static const std::vector<Number> numbers = {
      TF_SETTING("supernets", budget.supernets, 1, kMost),
      TF_SETTING("supernet-epochs", budget.supernet_epochs, 1, kMost),
      TF_SETTING("paths", budget.paths, 1, kMost),
      TF_SETTING("candidates", budget.candidates, 1, kMost),
      TF_SETTING("candidate-epochs", budget.candidate_epochs, 1, kMost),
      TF_SETTING("prune-epochs", budget.prune_epochs, 1, kMost),
      TF_SETTING("final-epochs", budget.final_epochs, 0, kMost),
      TF_SETTING("generation", budget.generation, 1, kMost),
      TF_SETTING("early-stop", budget.early_stop, 0, 90),
      TF_SETTING("distill", budget.distill, 0, 100, true),
      TF_SETTING("check-ranks", budget.check_ranks, 0, kMost),
      TF_SETTING("check-random", budget.check_random, 0, kMost),
      TF_SETTING("batch", training.batch, 2, 65536),
      TF_SETTING("limit-train", training.limit_train, 0, kMostImages),
      TF_SETTING("check-images", training.check_images, 0, kMostImages),
      TF_SETTING("limit flash", limits.flash_bytes, 1, kAny),
      TF_SETTING("limit ram", limits.ram_bytes, 1, kAny),
      TF_SETTING("limit cycles", limits.cycles, 0, kAny),
  };
  return numbers;
}

#undef TF_SETTING

// A text of the settings; searches that began without it have its default, and do not say so.
struct Choice {
  const char* option;
  std::string SearchTraining::*member;
  std::vector<std::string> values;  // the first is the default
};

const std::vector<Choice>& Choices() {
  static const std::vector<Choice> choices = {
      {"amp", &SearchTraining::amp, {"auto", "bf16", "off"}},
      {"device", &SearchTraining::device, {"auto", "cpu", "cuda"}},
  };
  return choices;
}

constexpr std::array<const char*, 4> kObjectiveNames = {"accuracy", "flash", "ram", "cycles"};

[[noreturn]] void FailOption(const std::string& option, const std::string& expected,
                             const std::string& found) {
  throw Error("search/option", option, expected, found, "correct this option");
}

}  // namespace

int64_t KeptOfGeneration(int64_t count, const SearchBudget& budget) {
  return std::max<int64_t>(1, count - count * budget.early_stop / 100);
}

int64_t KeptCandidates(const SearchBudget& budget) {
  const int64_t whole = budget.candidates / budget.generation,
                rest = budget.candidates % budget.generation;
  return whole * KeptOfGeneration(budget.generation, budget) +
         (rest == 0 ? 0 : KeptOfGeneration(rest, budget));
}

int64_t CountAloneTrials(const SearchBudget& budget) {
  return std::min(budget.check_ranks, budget.paths) +
         (budget.check_random > 0 ? budget.check_random + 1 : 0);
}

int64_t AllTrials(const SearchBudget& budget) {
  const int64_t screened = budget.early_stop > 0 ? budget.candidates : 0;
  return 1 + budget.supernets + screened + KeptCandidates(budget) + 1 + CountAloneTrials(budget);
}

WholeRange SettingRange(const std::string& option) {
  for (const Number& number : Numbers()) {
    if (number.option == option) return {number.low, number.high};
  }
  TF_CHECK(false, option);
  return {};
}

void CheckSettings(const SearchSettings& settings) {
  for (const Number& number : Numbers()) {
    const int64_t value = number.get(settings);
    if (value >= number.low && value <= number.high) continue;
    const bool open = number.high == std::numeric_limits<int64_t>::max();
    FailOption(std::string("--") + number.option,
               "a whole number from " + std::to_string(number.low) +
                   (open ? " on" : " to " + std::to_string(number.high)),
               std::to_string(value));
  }
  for (const Choice& choice : Choices()) {
    const std::string& value = settings.training.*choice.member;
    if (std::count(choice.values.begin(), choice.values.end(), value) != 0) continue;
    FailOption(std::string("--") + choice.option,
               choice.values[0] + ", " + choice.values[1] + " or " + choice.values[2],
               "'" + value + "'");
  }
  if (!(settings.training.lr > 0 && settings.training.lr <= 1)) {
    const double lr = settings.training.lr;
    FailOption("--lr", "a number above 0, at most 1",
               std::isfinite(lr) ? Json(lr).dump() : std::to_string(lr));
  }
  if (settings.objectives.empty() || settings.objectives[0] != Objective::kAccuracy) {
    FailOption("--objectives", "accuracy, and perhaps flash, ram and cycles after it",
               "'" + ObjectivesText(settings.objectives) + "'");
  }
}

Json ToJson(const SearchSettings& settings) {
  Json json = {{"format", "tinyformer-search"},
               {"version", kVersion},
               {"space", settings.space.name},
               {"space_text", SpaceText(settings.space)},
               {"input", {settings.task.height, settings.task.width, settings.task.channels}},
               {"classes", settings.task.classes},
               {"data_fingerprint", settings.data_fingerprint},
               {"target", settings.target},
               {"objectives", ObjectivesText(settings.objectives)},
               {"lr", settings.training.lr},
               {"seed", settings.seed}};
  for (const Number& number : Numbers()) {
    const int64_t value = number.get(settings);
    if (value != 0 || !number.since_later) json[number.option] = value;
  }
  for (const Choice& choice : Choices()) {
    const std::string& value = settings.training.*choice.member;
    if (value != choice.values[0]) json[choice.option] = value;
  }
  return json;
}

SearchSettings ParseSettings(const Json& json, const std::string& name) {
  const std::string format = OptionalKey<std::string>(json, "format", name, "a text", "");
  const int version = OptionalKey<int>(json, "version", name, "a whole number", 0);
  if (format != "tinyformer-search" || version != kVersion) {
    throw Error("search/version", name,
                "format tinyformer-search, version " + std::to_string(kVersion),
                "format " + format + ", version " + std::to_string(version),
                "go on with the version that began this search, or begin a new one");
  }
  SearchSettings settings;
  settings.space = ParseSpace(RequireKey<std::string>(json, "space_text", name, "a text"),
                              RequireKey<std::string>(json, "space", name, "a text"));
  const auto input = RequireKey<std::vector<int>>(json, "input", name, "[height, width, channels]");
  if (input.size() != 3)
    FailJsonKey(name, "input", "[height, width, channels]", json["input"].dump());
  settings.task = {input[0], input[1], input[2],
                   RequireKey<int>(json, "classes", name, "a whole number")};
  settings.data_fingerprint = RequireKey<std::string>(json, "data_fingerprint", name, "a text");
  settings.target = RequireKey<std::string>(json, "target", name, "a text");
  settings.objectives =
      ParseObjectives(RequireKey<std::string>(json, "objectives", name, "a text"));
  settings.training.lr = RequireKey<double>(json, "lr", name, "a number");
  settings.seed = RequireKey<uint64_t>(json, "seed", name, "a whole number");
  for (const Number& number : Numbers()) {
    if (number.since_later && !json.contains(number.option)) continue;
    number.set(settings, RequireKey<int64_t>(json, number.option, name, "a whole number"));
  }
  for (const Choice& choice : Choices()) {
    std::string& value = settings.training.*choice.member;
    value = OptionalKey<std::string>(json, choice.option, name, "a text", choice.values[0]);
  }
  CheckSettings(settings);
  return settings;
}

std::vector<Objective> ParseObjectives(const std::string& text) {
  std::vector<Objective> objectives;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const auto found = std::find(kObjectiveNames.begin(), kObjectiveNames.end(), word);
    const auto objective = static_cast<Objective>(found - kObjectiveNames.begin());
    if (found == kObjectiveNames.end() ||
        std::count(objectives.begin(), objectives.end(), objective) != 0) {
      FailOption("--objectives", "each of accuracy, flash, ram, cycles at most once, with commas",
                 "'" + text + "'");
    }
    objectives.push_back(objective);
    begin = end + 1;
  }
  return objectives;
}

std::string ObjectivesText(const std::vector<Objective>& objectives) {
  std::string text;
  for (Objective objective : objectives) {
    text +=
        (text.empty() ? "" : ",") + std::string(kObjectiveNames[static_cast<size_t>(objective)]);
  }
  return text;
}

Objectives MakeObjectives(const std::vector<Objective>& objectives, double accuracy,
                          const ResourceUse& use) {
  Objectives values;
  for (Objective objective : objectives) {
    switch (objective) {
      case Objective::kAccuracy:
        values.push_back(accuracy);
        break;
      case Objective::kFlash:
        values.push_back(-static_cast<double>(use.flash_bytes));
        break;
      case Objective::kRam:
        values.push_back(-static_cast<double>(use.sram_peak_bytes));
        break;
      case Objective::kCycles:
        values.push_back(-static_cast<double>(use.cycles));
        break;
    }
  }
  return values;
}

Json ToJson(const ResourceUse& use) {
  return {{"flash_bytes", use.flash_bytes},
          {"ram_peak_bytes", use.sram_peak_bytes},
          {"macs", use.macs},
          {"effective_macs", use.effective_macs},
          {"cycles_estimate", use.cycles}};
}

ResourceUse ParseUse(const Json& json, const std::string& name) {
  const auto number = [&](const char* key) {
    return RequireKey<int64_t>(json, key, name, "a whole number");
  };
  return {number("flash_bytes"), number("ram_peak_bytes"), number("macs"), number("effective_macs"),
          number("cycles_estimate")};
}

}  // namespace tinyformer
