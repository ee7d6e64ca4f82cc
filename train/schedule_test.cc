#include "train/schedule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace tinyformer {
namespace {

TEST(LearningRate, WarmsUpLinearlyThenEndsOnItsMinimum) {
  Recipe recipe;
  recipe.epochs = 10;
  recipe.warmup_epochs = 2;
  recipe.lr = 1e-2;
  recipe.min_lr = 1e-5;
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 0, 50), 1e-6);
  EXPECT_NEAR(LearningRate(recipe, 50, 50), (1e-6 + 1e-2) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 100, 50), 1e-2);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 499, 50), 1e-5);
  for (int64_t step = 101; step < 500; ++step) {
    EXPECT_LT(LearningRate(recipe, step, 50), LearningRate(recipe, step - 1, 50)) << step;
  }
}

TEST(LearningRate, StaysUpWhileSparsityGrows) {
  Recipe recipe;
  recipe.stage = "compress";
  recipe.epochs = 10;
  recipe.ramp_share = 0.5;
  recipe.lr = 1e-3;
  recipe.min_lr = 0;
  for (int64_t step = 0; step <= 250; ++step)
    EXPECT_DOUBLE_EQ(LearningRate(recipe, step, 50), 1e-3);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 499, 50), 0);
}

TEST(GradualSparsity, LandsExactlyOnTheFinalSparsity) {
  for (double final_sparsity : {0.4, 0.5, 0.6, 0.7, 0.8}) {
    for (int64_t updates : {1, 7, 60}) {
      EXPECT_EQ(GradualSparsity(final_sparsity, updates, updates), final_sparsity);
      EXPECT_EQ(GradualSparsity(final_sparsity, 0, updates), 0);
    }
  }
}

TEST(PruningRamp, MakesEveryUpdateOnceAndTheLastAtTheEndOfTheRamp) {
  for (int64_t steps_per_epoch : {1, 3, 17, 351}) {
    for (double share : {0.0, 0.3, 0.5, 1.0}) {
      Recipe recipe;
      recipe.epochs = 5;
      recipe.ramp_share = share;
      const PruningRamp ramp(recipe, steps_per_epoch);
      int64_t made = 0;
      for (int64_t done = 1; done <= 5 * steps_per_epoch; ++done) {
        const int64_t due = ramp.UpdatesDue(done) - ramp.UpdatesDue(done - 1);
        EXPECT_LE(due, 1);
        if (due == 1) made = ramp.UpdatesDue(done);
        EXPECT_EQ(ramp.UpdatesDue(done) == ramp.updates(), done >= ramp.steps());
      }
      EXPECT_EQ(made, ramp.updates()) << steps_per_epoch << " steps, share " << share;
    }
  }
}

TEST(Recipe, SurvivesItsJson) {
  Recipe recipe;
  recipe.lr = 0.1 + 0.2;
  recipe.teacher = "runs/teacher";
  recipe.seed = 123456789012345;
  EXPECT_EQ(ToJson(ParseRecipe(ParseJson(ToJson(recipe).dump(), "r"), "r")), ToJson(recipe));
}

TEST(Recipe, TakesDefaultsForKeysOfLaterVersions) {
  EXPECT_EQ(ToJson(ParseRecipe(Json::object(), "config.json")), ToJson(Recipe()));
}

TEST(Recipe, NamesTheOptionThatIsOutOfRange) {
  Recipe recipe;
  recipe.label_smoothing = 1.5;
  try {
    CheckRecipe(recipe);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[train/option] --label-smoothing\n"
                 "  expected: a number from 0 to 0.9\n"
                 "  found:    1.5\n"
                 "  fix:      set --label-smoothing within that range");
  }
}

}  // namespace
}  // namespace tinyformer
