// tinyformer data list | info | verify | fetch.
#include <CLI/App.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/text_table.h"
#include "compiler/cost/layer_table.h"
#include "data/data_tool.h"

namespace tinyformer {
namespace {

std::string Count(const Json& number) { return WithThousands(number.get<int64_t>()); }

// [0.49133989214, 0.25] -> "0.4913 0.2500"
std::string Decimals(const Json& numbers) {
  std::string text;
  for (const Json& number : numbers) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%s%.4f", text.empty() ? "" : " ", number.get<double>());
    text += buffer;
  }
  return text;
}

std::string ListText(const Json& list) {
  std::vector<std::vector<std::string>> rows = {{"data set", "fetch", "what"}};
  for (const Json& entry : list.at("datasets")) {
    rows.push_back(
        {entry.at("spec"), entry.at("fetch").get<bool>() ? "yes" : "-", entry.at("what")});
  }
  return TextTable(rows);
}

std::string InfoText(const Json& info) {
  char shape[96];
  std::snprintf(shape, sizeof shape, "%d x %d x %d", info.at("height").get<int>(),
                info.at("width").get<int>(), info.at("channels").get<int>());
  std::string text = info.at("spec").get<std::string>() + "\n" + "images       " + shape + "\n" +
                     "train        " + Count(info.at("train_images")) + "\nvalidation   " +
                     Count(info.at("validation_images")) + "\ntest         " +
                     Count(info.at("test_images")) + " (locked)\nmean         " +
                     Decimals(info.at("mean")) + "\nstddev       " + Decimals(info.at("stddev")) +
                     "\nfingerprint  " + info.at("fingerprint").get<std::string>() + "\n\n";
  std::vector<std::vector<std::string>> rows = {{"class", "train", "validation"}};
  for (const Json& entry : info.at("classes"))
    rows.push_back({entry.at("name"), Count(entry.at("train")), Count(entry.at("validation"))});
  text += TextTable(rows);
  for (const Json& warning : info.at("warnings"))
    text += "warning: " + warning.get<std::string>() + "\n";
  return text;
}

std::string VerifyText(const Json& report) {
  std::string text =
      report.at("spec").get<std::string>() + ": " +
      (report.at("ok").get<bool>() ? "every image can be read" : "some images cannot be read") +
      ", " + Count(report.at("train_images")) + " train, " + Count(report.at("test_images")) +
      " test" + (report.at("official") == true ? "; as published" : "") + "\n";
  for (const Json& finding : report.at("findings")) text += finding.get<std::string>() + "\n";
  for (const Json& image : report.at("unreadable")) {
    text += "unreadable: " + image.at("path").get<std::string>() + ": " +
            image.at("why").get<std::string>() + "\n";
  }
  return text;
}

class DataCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.require_subcommand(1);
    app.fallthrough();
    list_ = app.add_subcommand("list", "what kinds of data sets there are");
    info_ = app.add_subcommand("info", "sizes, classes, statistics, fingerprint");
    verify_ = app.add_subcommand("verify", "reads every image; duplicates, damage");
    fetch_ = app.add_subcommand("fetch", "downloads a data set from its own site");
    for (CLI::App* one : {info_, verify_}) {
      one->add_option("data", spec_, "cifar10:DIR, imagenet32:DIR, folder:DIR or synthetic")
          ->required();
    }
    fetch_->add_option("name", spec_, "cifar10")->required();
    fetch_->add_option("folder", folder_, "where it goes")->required();
    fetch_->add_option("--url", url_, "take the same file from here instead");
  }

  Answer Run(const CommandLine&) override {
    Answer answer;
    if (list_->parsed()) {
      answer.json = ListDatasets();
      answer.text = ListText(answer.json);
    } else if (info_->parsed()) {
      answer.json = DatasetInfoJson(spec_);
      answer.text = InfoText(answer.json);
    } else if (verify_->parsed()) {
      answer.json = VerifyDataset(spec_);
      answer.text = VerifyText(answer.json);
      answer.status = answer.json.at("ok").get<bool>() ? kExitOk : kExitWrongInput;
    } else {
      answer.json = FetchDataset(spec_, folder_, url_);
      answer.text =
          answer.json.at("spec").get<std::string>() +
          (answer.json.at("already_there").get<bool>() ? " was there already" : " is complete") +
          "\n";
    }
    return answer;
  }

 private:
  CLI::App *list_ = nullptr, *info_ = nullptr, *verify_ = nullptr, *fetch_ = nullptr;
  std::string spec_, folder_, url_;
};

}  // namespace

std::unique_ptr<Command> MakeDataCommand() { return std::make_unique<DataCommand>(); }

}  // namespace tinyformer
