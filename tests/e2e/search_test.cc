// A search as a user runs it: killed, gone on with, joined by a second worker.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "data/testing/image_writer.h"
#ifdef TF_POSTGRES_BINARIES
#include "search/store/testing/postgres_server.h"
#endif
#include "tests/small_search.h"

namespace tinyformer {
namespace {

// The page of a search that has ended: every section of it, and those of its best network.
void ExpectWholeReport(CommandLineTest& at, const std::string& folder) {
  at.RunJson(Words("report " + folder + " -o " + folder + ".html"));
  const std::string page = at.Read(folder + ".html");
  for (const char* id : {"search", "pareto", "network", "evolution", "checks", "space", "layers"})
    EXPECT_NE(page.find(std::string("<section id=\"") + id + "\""), std::string::npos) << id;
  EXPECT_NE(page.find("It has ended."), std::string::npos);
  EXPECT_NE(page.find("blocks that are zero in the firmware"), std::string::npos);
}

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() { at_.Write("space.toml", kSmallSpace); }
  CommandLineTest at_;
};

TEST_F(SearchTest, KilledAndJoinedItEndsAsOneThatWasLeftAlone) {
  const Json whole = at_.RunJson(SearchWords("whole"));
  EXPECT_EQ(whole.at("trials"), 8);  // the analysis, 2 supernets, 2 screened, 1, 1 and 1
  EXPECT_EQ(whole.at("feasible"), 1);
  EXPECT_EQ(whole.at("over"), true);
  EXPECT_GE(whole.at("front").size(), 1U);
  for (const char* key : {"genome", "accuracy", "flash_bytes", "ram_peak_bytes", "cycles_estimate"})
    EXPECT_TRUE(whole.at("best").contains(key)) << key;
  for (const char* file : {"best/model.onnx", "best/firmware/plan.json", "best/run-emulator.json"})
    EXPECT_TRUE(at_.Exists(std::string("whole/") + file)) << file;
  EXPECT_EQ(ParseJson(at_.Read("whole/best/run-emulator.json"), "run").at("bit_exact"), true);
  const Json recipe =
      ParseJson(at_.Read("whole/best/run/compressed/config.json"), "config").at("recipe");
  EXPECT_EQ(recipe.at("teacher"), "whole/best/run");
  EXPECT_EQ(recipe.at("alpha"), 0.5);

  // Killed while the second supernet and the first candidate are at it; the second time another
  // worker makes the rest.
  const auto exists = [&](const char* path) { return [this, path] { return at_.Exists(path); }; };
  EXPECT_EQ(at_.StopWhen(at_.Start(SearchWords("killed")), SIGKILL,
                         exists("killed/supernets/0001/choices.json"))
                .status,
            -SIGKILL);
  EXPECT_EQ(at_.StopWhen(at_.Start(SearchWords("killed")), SIGKILL,
                         exists("killed/candidates/0000/genome.json"))
                .status,
            -SIGKILL);
  // Others may look at a search that goes on.
  at_.RunJson(Words("report killed -o killed.html"));
  EXPECT_NE(at_.Read("killed.html").find("It goes on: no candidate has ended well yet."),
            std::string::npos);
  const pid_t crew = at_.Start(
      Words("search --worker --workers 2 --data synthetic --threads 1 --lease-seconds 5 --json "
            "-o killed"));
  while (CommandLineTest::Children(crew).size() < 2) ::sched_yield();
  ::kill(CommandLineTest::Children(crew)[0], SIGKILL);
  const Ended rest = at_.Wait(crew);
  EXPECT_EQ(rest.status, 0) << rest.errors;
  EXPECT_EQ(ParseJson(rest.output, "rest").at("over"), true);
  EXPECT_NE(at_.Read("killed/workers/1.log").find("ended with signal 9; another one goes on\n"),
            std::string::npos);
  EXPECT_EQ(SearchOutcome(at_, "killed"), SearchOutcome(at_, "whole"));
  ExpectWholeReport(at_, "whole");
  const Json journal = at_.RunJson(Words("search --export optuna -o whole --to whole.log"));
  EXPECT_EQ(journal.at("studies")[1], (Json{{"name", "candidates"}, {"trials", 2}}));
  EXPECT_EQ(at_.Read("whole.log").rfind("{\"op_code\":0,", 0), 0U);

  const Json status = at_.RunJson(Words("search --status -o killed"));
  EXPECT_EQ(status.at("best"), whole.at("best"));
  const Ended read = at_.Run(Words("search --status -o killed"));
  EXPECT_NE(read.output.find(" of 1 paths, trained alone (so few say nothing)\n"),
            std::string::npos)
      << read.output;

  const Ended other = at_.Run(SearchWords("killed", "--seed 2"));
  EXPECT_EQ(other.status, 2);
  EXPECT_EQ(other.errors.rfind("error[store/other-settings] ", 0), 0U) << other.errors;
}

TEST_F(SearchTest, WhatIsMissingIsSaid) {
  at_.ExpectRefused(Words("search --data synthetic"),
                    "error[cli/usage] tinyformer search\n"
                    "  expected: -o, the folder of the search\n"
                    "  found:    no such option\n"
                    "  fix:      add it, or --explain; see tinyformer search --help\n");
  at_.ExpectRefused(Words("search -o out"),
                    "error[cli/usage] tinyformer search\n"
                    "  expected: --data, the images to search with\n"
                    "  found:    no such option\n"
                    "  fix:      add it, or --explain; see tinyformer search --help\n");
  at_.ExpectRefused(Words("search --data synthetic --paths 0 -o out"),
                    "error[cli/usage] tinyformer search --paths\n"
                    "  expected: a whole number from 1 to 1000000\n"
                    "  found:    '0'\n"
                    "  fix:      correct the command line\n");
  at_.ExpectRefused(Words("search --data synthetic --batch 99999999999999999999 -o out"),
                    "error[cli/usage] tinyformer search --batch\n"
                    "  expected: a whole number from 2 to 65536\n"
                    "  found:    '99999999999999999999'\n"
                    "  fix:      correct the command line\n");
  at_.ExpectRefused(Words("search --data synthetic --lr 0 -o out"),
                    "error[search/option] --lr\n"
                    "  expected: a number above 0, at most 1\n"
                    "  found:    0.0\n"
                    "  fix:      correct this option\n");
  EXPECT_FALSE(at_.Exists("out"));
  Surroundings nowhere;
  nowhere.variables["PATH"] = "/nonexistent";
  const Ended alone = at_.Run(SearchWords("out", "--launch slurm"), nowhere);
  EXPECT_EQ(alone.status, 2);
  EXPECT_EQ(
      alone.errors,
      ErrorText("search/no-sbatch", "--launch slurm", "Slurm's sbatch on PATH", "no such program",
                "give the command on a machine that submits jobs, or start workers without "
                "Slurm: --workers N"));
  const Ended absent = at_.Run(Words("search --status -o nothing"));
  EXPECT_EQ(absent.status, 2);
  EXPECT_EQ(absent.errors.rfind("error[store/missing] ", 0), 0U) << absent.errors;
  EXPECT_FALSE(at_.Exists("nothing"));
  at_.ExpectRefused(Words("report . --store nothing.db -o r.html"),
                    "error[store/missing] nothing.db\n"
                    "  expected: a store\n"
                    "  found:    nothing at this path\n"
                    "  fix:      check the path; a search makes the store when it starts\n");
}

TEST_F(SearchTest, WhatCannotBeIsFoundBeforeTheWork) {
  const auto refused = [&](const std::string& line, const std::string& where,
                           const std::string& why) {
    at_.ExpectRefused(Words(line),
                      ErrorText("file/write-failed", where, "a place that can be written", why,
                                "check the path and the disk, then run the same "
                                "command again"));
  };
  at_.Write("file", "");
  refused("search --explain --space space.toml --plot file/x.svg", "file/x.svg", "Not a directory");
  refused("report none -o file/x.html", "file/x.html", "Not a directory");
  refused("compress none --data synthetic -o file/x.onnx", "file/x.onnx", "Not a directory");
  at_.ExpectRefused(
      Words("search --data synthetic -o out --candidates many"),
      ErrorText("cli/usage", "tinyformer search --candidates", "a whole number from 1 to 1000000",
                "'many'", "correct the command line"));
  at_.ExpectRefused(Words("search --data synthetic -o out --lr fast"),
                    ErrorText("cli/usage", "tinyformer search --lr", "a number", "'fast'",
                              "correct the command line"));
  at_.ExpectRefused(Words("search --data synthetic -o out --lr nan"),
                    ErrorText("search/option", "--lr", "a number above 0, at most 1", "nan",
                              "correct this option"));
  for (const bool first : {true, false}) {
    for (int i = 0; i < (first ? 2 : 1); ++i) {
      at_.Write(std::string("few/train/") + (first ? "a/" : "b/") + std::to_string(i) + ".png",
                testing::Png(testing::Plain(8, 8, 1, 2, 3)));
    }
  }
  const Ended few = at_.Run(Words("search --data folder:few -o out"));
  EXPECT_EQ(few.status, 2);
  const std::string text = ErrorText(
      "search/validation-images", "folder:few",
      "validation images of every class, so two images of it at least",
      "none of 1 of 2 classes, the first is 'b'", "add images to these classes, or leave them out");
  EXPECT_NE(few.errors.find(text), std::string::npos) << few.errors;
  Surroundings alone;
  alone.variables["TINYFORMER_TRAIN"] = "/nonexistent/train";
  const Ended missing = at_.Run(SearchWords("out"), alone);
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.errors.find("analysis"), std::string::npos) << missing.errors;
  EXPECT_NE(missing.errors.find("error[cli/train-missing] /nonexistent/train\n"), std::string::npos)
      << missing.errors;
}

TEST_F(SearchTest, LimitsThatNothingKeepsAreExplainedAndLeaveNothing) {
  const Ended ended = at_.Run(SearchWords("out", "--limit flash=1kB"));
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.errors.find("refused by  flash 1,000, alone 1,000; RAM 0, alone 0\n"),
            std::string::npos)
      << ended.errors;
  EXPECT_NE(ended.errors.find("error[search/nothing-fits] space 'space.toml' on stm32f746\n"
                              "  expected: networks within flash 1,000 B, RAM 327,680 B\n"),
            std::string::npos)
      << ended.errors;
  EXPECT_FALSE(at_.Exists("out"));
}

TEST_F(SearchTest, AStoreThatIsFullDamagedOrOfAnotherVersionIsSaid) {
  Surroundings full;
  full.max_file_bytes = 50'000;
  const Ended filled = at_.Run(SearchWords("full"), full);
  EXPECT_EQ(filled.status, 2);
  EXPECT_NE(
      filled.errors.find(ErrorText(
          "store/disk-full", "full/search.db", "room for what is to be written", "File too large",
          "free some disk space, then run the same command again: nothing is half written")),
      std::string::npos)
      << filled.errors;
  // One that cannot train leaves a store without trials; so does the full one, gone on with.
  Surroundings alone;
  alone.variables["TINYFORMER_TRAIN"] = "/nonexistent/train";
  EXPECT_EQ(at_.Run(SearchWords("full"), alone).status, 2);
  at_.RunJson(Words("search --status -o full"));

  const std::string store = at_.Read("full/search.db");
  std::string other = store;
  const std::string version = "\"version\":2";
  ASSERT_NE(other.find(version), std::string::npos);
  other.replace(other.find(version), version.size(), "\"version\":9");
  const auto refused = [&](const std::vector<std::string>& words, const std::string& text) {
    at_.ExpectRefused(words, text);
  };
  const std::string of_version =
      ErrorText("search/version", "full/search.db", "format tinyformer-search, version 2",
                "format tinyformer-search, version 9",
                "go on with the version that began this search, or begin a new one");
  at_.Write("full/search.db", other);
  refused(Words("search --status -o full"), of_version);
  refused(Words("search --worker --data synthetic -o full"), of_version);
  refused(SearchWords("full"), of_version);
  refused(Words("report full -o r.html"), of_version);

  const std::string damaged = ErrorText("store/corrupt", "full/search.db", "a whole SQLite file",
                                        "damaged or missing pages",
                                        "go on from a copy of it, or save what sqlite3's .recover "
                                        "can read");
  at_.Write("full/search.db", store.substr(0, store.size() / 2));
  refused(Words("search --status -o full"), damaged);
  refused(SearchWords("full"), damaged);
  refused(Words("report full -o r.html"), damaged);
  EXPECT_FALSE(at_.Exists("r.html"));
}

TEST_F(SearchTest, WhoIsWaitedForIsSaid) {
  // A trainer that takes its worker with it, until every supernet has a dead worker's lease.
  at_.Write("deadly", "#!/bin/sh\nkill -9 $PPID\n");
  std::filesystem::permissions(at_.Path("deadly"), std::filesystem::perms::owner_all);
  Surroundings deadly;
  deadly.variables["TINYFORMER_TRAIN"] = at_.Path("deadly");
  std::vector<std::string> words = SearchWords("out");
  std::replace(words.begin(), words.end(), std::string("5"), std::string("600"));  // of the lease
  for (int worker = 0; worker < 2; ++worker) {
    EXPECT_EQ(at_.Run(words, deadly).status, -SIGKILL);
  }
  const Ended waited = at_.StopWhen(at_.Start(words, deadly), SIGTERM, [&] {
    return at_.Read("../err").find("nothing to do until ") != std::string::npos;
  });
  EXPECT_EQ(waited.status, 130);
  EXPECT_NE(waited.errors.find(" has made supernet 0; should it be gone, another takes that when "
                               "its lease is over (--lease-seconds)\n"),
            std::string::npos)
      << waited.errors;
}

TEST_F(SearchTest, AMachineWithoutTheCompilerGivesItsTrialBack) {
  Surroundings bare;
  bare.variables["PATH"] = "/nonexistent";
  const Ended ended = at_.Run(SearchWords("out", "", kOneCandidate), bare);
  EXPECT_EQ(ended.status, 2);
  EXPECT_NE(ended.errors.find(ErrorText(
                "sim/toolchain-missing", "arm-none-eabi-g++",
                "the compiler on PATH: trials are compared by what their firmware takes",
                "no such program", "run tools/setup, or install the package gcc-arm-none-eabi")),
            std::string::npos)
      << ended.errors;
  const Json stage = at_.RunJson(Words("search --status -o out")).at("stages").at("candidate");
  EXPECT_EQ(stage, (Json{{"complete", 0}, {"failed", 0}, {"running", 0}, {"waiting", 1}}));
}

TEST_F(SearchTest, ATrainerThatAnswersNonsenseFailsItsTrials) {
  at_.Write("mute", "#!/bin/sh\necho {}\n");
  std::filesystem::permissions(at_.Path("mute"), std::filesystem::perms::owner_all);
  Surroundings mute;
  mute.variables["TINYFORMER_TRAIN"] = at_.Path("mute");
  const Ended ended = at_.Run(SearchWords("out"), mute);
  EXPECT_EQ(ended.status, 2);
  EXPECT_NE(ended.errors.find(ErrorText("search/all-failed", "stage 'supernet'",
                                        "a trial that gave a result", "2 trials, all failed",
                                        "look at their errors with --status, mend the cause, then "
                                        "go on with --retry")),
            std::string::npos)
      << ended.errors;
  EXPECT_NE(at_.Run(Words("search --status -o out"))
                .output.find("supernet 1 failed: json/key tinyformer supernet: key 'scores': no "
                             "such key\n"),
            std::string::npos);
}

#ifdef TF_POSTGRES_BINARIES
TEST_F(SearchTest, AWorkerWithAFolderOfItsOwnGetsWhatItNeedsFromTheServer) {
  PostgresServer server;
  const std::string store = "--store " + server.EmptyDatabase();
  // The first worker makes the supernets; its lease is given back at once.
  EXPECT_EQ(at_.StopWhen(at_.Start(SearchWords("first", "--workers 2 " + store)), SIGTERM,
                         [&] { return at_.Exists("first/candidates/0000/run/config.json"); })
                .status,
            130);
  const Json rest =
      at_.RunJson(Words("search --worker --data synthetic --threads 1 -o second " + store));
  EXPECT_EQ(rest.at("over"), true);
  EXPECT_TRUE(at_.Exists("second/supernets/0000/run/supernet.safetensors") !=
              at_.Exists("second/supernets/0001/run/supernet.safetensors"));
  EXPECT_TRUE(at_.Exists("second/best/model.onnx"));
  EXPECT_FALSE(at_.Exists("first/best"));
}
#endif

TEST_F(SearchTest, ASpaceThatIsRejectedIsAdjustedFirst) {
  std::vector<std::string> begin = SearchWords("out", "--adjust paper");
  std::replace(begin.begin(), begin.end(), std::string("space.toml"), std::string("tiny"));
  EXPECT_EQ(at_.StopWhen(at_.Start(begin), SIGKILL,
                         [&] { return at_.Exists("out/supernets/0000/choices.json"); })
                .status,
            -SIGKILL);
  const Json settings = at_.RunJson(Words("search --status -o out")).at("settings");
  EXPECT_EQ(settings.at("space"), "tiny, adjusted");
  EXPECT_NE(settings.at("space_text").get<std::string>().find("dims = [[8, 12], [20]]"),
            std::string::npos)
      << settings.at("space_text");
}

// Twelve images a class; `red` makes other pixels of them.
void WritePhotos(const CommandLineTest& at, const std::string& folder, uint8_t red) {
  for (const bool first : {true, false}) {
    for (uint8_t i = 0; i < 12; ++i) {
      const auto value = static_cast<uint8_t>(20 * i);
      at.Write(folder + "/train/" + (first ? "a" : "b") + "/" + std::to_string(i) + ".png",
               testing::Png(testing::Plain(8, 8, red, value, first ? 255 : 0)));
    }
  }
}

TEST_F(SearchTest, OtherImagesThanItBeganWithAreRefused) {
  WritePhotos(at_, "photos", 10);
  WritePhotos(at_, "others", 200);
  std::vector<std::string> begin = SearchWords("out");
  std::replace(begin.begin(), begin.end(), std::string("synthetic"), std::string("folder:photos"));
  EXPECT_EQ(at_.StopWhen(at_.Start(begin), SIGKILL,
                         [&] { return at_.Exists("out/supernets/0000/choices.json"); })
                .status,
            -SIGKILL);
  const Ended other = at_.Run(Words("search --worker --data folder:others -o out"));
  EXPECT_EQ(other.status, 2);
  const std::string begun =
      at_.RunJson(Words("search --status -o out")).at("settings").at("data_fingerprint");
  EXPECT_NE(other.errors.find("error[search/other-data] folder:others\n"
                              "  expected: the images that the search began with, " +
                              begun + "\n  found:    "),
            std::string::npos)
      << other.errors;
  EXPECT_NE(other.errors.find("\n  fix:      give the same data set\n"), std::string::npos);
}

}  // namespace
}  // namespace tinyformer
