#include "search/read_space.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/testing_error.h"

namespace tinyformer {
namespace {

const char* const kSmallest =
    "format = \"tinyformer-space\"\n"
    "version = 1\n"
    "[supernet]\n"
    "stem = [0]\n"
    "dims = [[8], [16, 24]]\n"
    "heads = [1, 2]\n"
    "mobilenets = [1]\n"
    "transformers = [[0], [1, 2]]\n"
    "last_linear = [32]\n"
    "[paths]\n"
    "downsample = [\"conv_maxpool\"]\n"
    "expansion = [2]\n"
    "mlp_ratio = [2]\n"
    "residual = [false]\n"
    "pooling = [\"global\"]\n"
    "[pruning]\n"
    "sparsity = [0, 0.5]\n"
    "block = [4]\n";

// kSmallest with one text in place of another.
std::string With(const std::string& old_text, const std::string& new_text) {
  std::string text = kSmallest;
  return text.replace(text.find(old_text), old_text.size(), new_text);
}

// Expects one error's whole text.
void ExpectRefused(const std::string& text, const std::string& code, const std::string& where,
                   const std::string& expected, const std::string& found,
                   const std::string& fix = "correct this value in the file") {
  EXPECT_EQ(ErrorText([&] { ParseSpace(text, "my.toml"); }),
            "error[" + code + "] my.toml" + where + "\n  expected: " + expected +
                "\n  found:    " + found + "\n  fix:      " + fix);
}

constexpr const char* kSeeFormat = "correct the file (docs/search_spaces.md describes it)";

TEST(ParseSpace, ReadsListsForAllDotsAndForEachOne) {
  const SearchSpace space = ParseSpace(kSmallest, "my.toml");
  EXPECT_EQ(space.name, "my.toml");
  ASSERT_EQ(space.dots.size(), 2u);
  EXPECT_EQ(space.dots[0], (DotSpace{{8}, {1, 2}, {1}, {0}}));
  EXPECT_EQ(space.dots[1], (DotSpace{{16, 24}, {1, 2}, {1}, {1, 2}}));
  EXPECT_EQ(space.sparsity, (std::vector<double>{0, 0.5}));
  EXPECT_EQ(space.residual, std::vector<bool>{false});
}

TEST(ParseSpace, ReadsWhatSpaceTextWrites) {
  for (const std::string& name : SpaceNames()) {
    const SearchSpace space = FindSpace(name);
    EXPECT_EQ(ParseSpace(SpaceText(space), name), space);
  }
}

TEST(ParseSpace, SyntaxErrorsHaveLineAndColumn) {
  ExpectRefused(With("block = [4]", "block = [4"), "space/syntax", ", line 18, column 12", "TOML",
                "Error while parsing array: encountered end-of-file", "correct the file there");
  ExpectRefused(With("block = [4]", "sparsity = [4]"), "space/syntax", ", line 18, column 12",
                "TOML",
                "Error while parsing key-value pair: cannot redefine existing array 'sparsity'",
                "correct the file there");
}

TEST(ParseSpace, WantsItsFormatAndVersion) {
  const std::string wanted = "format \"tinyformer-space\", version 1";
  ExpectRefused("", "space/version", "", wanted, "no key 'format'",
                "begin the file with format = \"tinyformer-space\" and version = 1");
  ExpectRefused(With("version = 1\n", ""), "space/version", "", wanted, "no key 'version'",
                "begin the file with format = \"tinyformer-space\" and version = 1");
  ExpectRefused(With("version = 1", "version = 2"), "space/version", "", wanted,
                "format \"tinyformer-space\", version 2",
                "write the file for this program's version");
}

TEST(ParseSpace, RefusesUnknownKeys) {
  ExpectRefused(With("mlp_ratio", "mlp_ratoi"), "space/key", ", line 13: paths.mlp_ratoi",
                "only the keys downsample, expansion, mlp_ratio, residual, pooling", "another key",
                kSeeFormat);
  ExpectRefused(With("[paths]", "[path]"), "space/key", ", line 10: path",
                "only the keys format, version, supernet, paths, pruning", "another key",
                kSeeFormat);
}

TEST(ParseSpace, RefusesMissingKeys) {
  ExpectRefused(With("block = [4]\n", ""), "space/key", ", line 16: pruning.block",
                "a list of whole numbers", "no such key", kSeeFormat);
  ExpectRefused(std::string(kSmallest).substr(0, std::string(kSmallest).find("[pruning]")),
                "space/key", ": pruning", "a table, [pruning]", "no such key", kSeeFormat);
}

TEST(ParseSpace, RefusesEmptyListsAndValuesTwice) {
  ExpectRefused(With("mlp_ratio = [2]", "mlp_ratio = []"), "space/value",
                ", line 13: paths.mlp_ratio", "a list of whole numbers", "an empty list");
  ExpectRefused(With("[16, 24]", "[]"), "space/value", ", line 5: supernet.dims[1]",
                "a list of whole numbers", "an empty list");
  ExpectRefused(With("[16, 24]", "[16, 24, 16]"), "space/value", ", line 5: supernet.dims[1]",
                "every value once", "16 a second time");
  ExpectRefused(With("[0, 0.5]", "[0, 0.0]"), "space/value", ", line 17: pruning.sparsity",
                "every value once", "0.0 a second time");
}

TEST(ParseSpace, RefusesOtherTypes) {
  ExpectRefused(With("stem = [0]", "stem = 0"), "space/value", ", line 4: supernet.stem",
                "a list of whole numbers", "0");
  ExpectRefused(With("stem = [0]", "stem = [0.0]"), "space/value", ", line 4: supernet.stem",
                "whole numbers from 0 to 256", "0.0");
  ExpectRefused(With("[false]", "[\"no\"]"), "space/value", ", line 14: paths.residual",
                "true or false", "\"no\"");
  ExpectRefused(With("[0, 0.5]", "[true]"), "space/value", ", line 17: pruning.sparsity",
                "numbers from 0 to 0.95", "true");
  ExpectRefused(With("[0, 0.5]", "[2000-01-01]"), "space/value", ", line 17: pruning.sparsity",
                "numbers from 0 to 0.95", "a date or a time");
  ExpectRefused("format = \"tinyformer-space\"\nversion = 1\nsupernet = 3\n", "space/value",
                ", line 3: supernet", "a table, [supernet]", "3");
}

TEST(ParseSpace, RefusesValuesOutOfRange) {
  ExpectRefused(With("[0, 0.5]", "[0, 0.96]"), "space/value", ", line 17: pruning.sparsity",
                "numbers from 0 to 0.95", "0.96");
  ExpectRefused(With("[0, 0.5]", "[0, nan]"), "space/value", ", line 17: pruning.sparsity",
                "numbers from 0 to 0.95", "no finite number");
  ExpectRefused(With("block = [4]", "block = [3]"), "space/value", ", line 18: pruning.block",
                "2 or 4", "3");
  ExpectRefused(With("expansion = [2]", "expansion = [2, 9]"), "space/value",
                ", line 12: paths.expansion", "whole numbers from 1 to 8", "9");
  ExpectRefused(With("[16, 24]", "[16, 2048]"), "space/value", ", line 5: supernet.dims[1]",
                "whole numbers from 4 to 1024", "2048");
  ExpectRefused(With("last_linear = [32]", "last_linear = [-1]"), "space/value",
                ", line 9: supernet.last_linear", "whole numbers from 4 to 4096", "-1");
  ExpectRefused(With("\"global\"", "\"max\""), "space/value", ", line 15: paths.pooling",
                "one of seqpool, average, global", "\"max\"");
}

TEST(ParseSpace, RefusesDotsThatDoNotAgree) {
  ExpectRefused(With("dims = [[8], [16, 24]]", "dims = [8]"), "space/value",
                ", line 5: supernet.dims", "one list of whole numbers a DoT, 1 to 4",
                "a list of 8");
  ExpectRefused(With("dims = [[8], [16, 24]]", "dims = [[8], [8], [8], [8], [8]]"), "space/value",
                ", line 5: supernet.dims", "one list of whole numbers a DoT, 1 to 4", "5 lists");
  ExpectRefused(With("dims = [[8], [16, 24]]", "dims = [[8], 16]"), "space/value",
                ", line 5: supernet.dims[1]", "a list of whole numbers", "16");
  ExpectRefused(With("[[0], [1, 2]]", "[[0]]"), "space/value", ", line 8: supernet.transformers",
                "2 lists, one for each of dims", "1");
  ExpectRefused(With("heads = [1, 2]", "heads = [1, 3]"), "space/value", ", line 6: supernet.heads",
                "divisors of every dim of DoT 1", "3, which does not divide 8");
}

TEST(FindSpace, KnowsThePresets) {
  EXPECT_EQ(SpaceNames(),
            (std::vector<std::string>{"large", "normal", "paper", "small", "tiny", "wide"}));
  EXPECT_EQ(ErrorText([] { FindSpace("pape"); }),
            "error[space/unknown] space 'pape'\n"
            "  expected: one of: large, normal, paper, small, tiny, wide; or a file that ends in "
            ".toml\n"
            "  found:    no space of that name\n"
            "  fix:      choose one of these, or write a file (docs/search_spaces.md)");
  EXPECT_EQ(ErrorText([] { FindSpace("./none.toml"); }).substr(0, 33),
            "error[file/missing] ./none.toml\n ");
}

TEST(FindSpace, PaperIsTableI) {
  const SearchSpace paper = FindSpace("paper");
  EXPECT_EQ(paper.name, "paper");
  EXPECT_EQ(paper.stem, std::vector<int>{0});
  EXPECT_EQ(paper.dots[0], (DotSpace{{32, 44}, {1, 2, 4}, {1, 2}, {1, 2}}));
  EXPECT_EQ(paper.dots[1], (DotSpace{{96, 128, 192, 256}, {1, 2, 4}, {1, 2}, {1, 2}}));
  EXPECT_EQ(paper.last_linear, (std::vector<int>{512, 768, 1024}));
}

}  // namespace
}  // namespace tinyformer
