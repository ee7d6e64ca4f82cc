#include "report/sample_search.h"

#include "base/rng.h"

namespace tinyformer {
namespace {

constexpr int64_t kBegin = 1'790'000'000'000, kMinute = 60'000;
constexpr int64_t kGeneration = 6;

ReportedTrial MakeTrial(const char* kind, int64_t number, const std::string& name) {
  ReportedTrial trial;
  trial.kind = kind;
  trial.number = number;
  trial.generation = number / kGeneration;
  trial.outcome = TrialOutcome::kComplete;
  trial.choices = name + ", choice " + std::to_string(number);
  return trial;
}

class Sample {
 public:
  explicit Sample(const std::string& name) : name_(name), rng_(3, "sample search") {}

  ReportedSearch Make() {
    search_.store = "out/search.db";
    search_.space = name_;
    search_.space_text = "# " + name_ + "\n[supernet]\nstem = [0]\n";
    search_.target = "stm32f746";
    search_.objectives = "accuracy, flash";
    search_.data_fingerprint = "9f3b5c1e2d4a6780";
    search_.seed = 1;
    search_.input = {32, 32, 3};
    search_.classes = 10;
    search_.flash_limit_bytes = 980'000;
    search_.ram_limit_bytes = 307'200;
    search_.stages = {{"analysis", "space analysis (Alg. 1)", 1},
                      {"supernet", "supernets (Alg. 2)", 8},
                      {"screening", "dense training of candidates", 24},
                      {"candidate", "sparse candidates (Alg. 3)", 0},
                      {"final", "compression stage of the best", 1},
                      {"alone", "checks: trained alone", 22}};
    Analysis();
    Supernets();
    Candidates();
    Last();
    Parts();
    Choices();
    search_.over = true;
    return std::move(search_);
  }

 private:
  // Two workers take turns.
  void Add(ReportedTrial trial, int64_t minutes) {
    int64_t& free = free_ms_[search_.trials.size() % 2];
    trial.worker = search_.trials.size() % 2 == 0 ? name_ + ":4092" : "node-b:77";
    trial.started_ms = free;
    free += minutes * kMinute;
    trial.finished_ms = free;
    search_.trials.push_back(std::move(trial));
  }

  void Supernets() {
    for (int64_t i = 0; i < 8; ++i) {
      ReportedTrial trial = MakeTrial("supernet", i, name_);
      trial.value = 0.42 + 0.02 * static_cast<double>(i) + rng_.Uniform(-0.04, 0.04);
      Add(trial, 31);
    }
  }

  void Candidates() {
    for (int64_t i = 0; i < 24; ++i) {
      ReportedTrial trial = MakeTrial("screening", i, name_);
      trial.value = 0.80 + 0.02 * static_cast<double>(trial.generation) + rng_.Uniform(-0.04, 0.03);
      if (i % 4 == 3) trial.outcome = TrialOutcome::kStopped;
      Add(trial, 12);
    }
    double best = 0;
    for (int64_t i = 0; i < 24; ++i) {
      if (i % 4 == 3) continue;
      ReportedTrial trial = MakeTrial("candidate", i, name_);
      const double size = rng_.Uniform();
      trial.value = 0.74 + 0.015 * static_cast<double>(trial.generation) + 0.05 * size +
                    rng_.Uniform(-0.02, 0.02);
      trial.flash_bytes = static_cast<int64_t>(620'000 + 380'000 * size);
      if (i == 4) trial.flash_bytes = 992'000;
      trial.ram_bytes = static_cast<int64_t>(90'000 + 1000 * rng_.Below(120));
      trial.cycles = static_cast<int64_t>(40e6 + 50e6 * rng_.Uniform());
      trial.fits = *trial.flash_bytes <= search_.flash_limit_bytes;
      trial.on_front = i % 7 == 1;
      if (i == 9) {
        trial = MakeTrial("candidate", i, name_);
        trial.outcome = TrialOutcome::kFailed;
        trial.error = "train/not-finite, loss of " + name_ + ": no number";
      } else if (i == 14) {
        trial.value = 0.1;  // it learnt nothing
      } else if (trial.fits && *trial.value > best) {
        best = *trial.value;
        search_.winner = i;
      }
      Add(trial, 14);
    }
  }

  void Last() {
    ReportedTrial last = *WinnerOf(search_);
    last.kind = "final";
    last.number = last.generation = 0;
    last.value = *last.value + 0.021;
    last.flash_bytes = *last.flash_bytes - 2'000;
    Add(last, 130);
    for (int64_t i = 0; i < 22; ++i) {
      ReportedTrial trial = MakeTrial("alone", i, name_);
      trial.value = 0.7 + rng_.Uniform(-0.05, 0.08);
      if (i < 12) {
        const double score = 0.5 + (*trial.value - 0.7) * 1.1 + rng_.Uniform(-0.04, 0.04);
        search_.checks.ranks.push_back({"path " + std::to_string(i), score, *trial.value});
      } else if (i < 21) {
        search_.checks.random.push_back(*trial.value);
      } else {
        trial.value = search_.checks.winner = 0.803;
      }
      Add(trial, 25);
    }
    search_.checks.kendall_tau = 0.58;
    search_.checks.spearman_rho = 0.74;
  }

  void Analysis() {
    Add(MakeTrial("analysis", 0, name_), 1);
    ReportedSpace space;
    space.samples = 1000;
    space.fitting = 561;
    space.accepted = 547;
    space.acceptance = 0.975;
    space.band_share = 0.967;
    space.space_accepted = true;
    space.band_low = 784'000;
    space.band_high = 2'744'000;
    space.bin_parameters = 75'000;
    for (int64_t bin = 0; bin < 40; ++bin) {
      const int64_t count = bin < 9 ? 0 : (40 - bin) * (bin - 8) / 4;
      space.all_bins.push_back(count);
      space.fitting_bins.push_back(bin < 30 ? count * (30 - bin) / 22 : 0);
    }
    search_.analysis = space;
  }

  void Part(const std::string& part, const char* kind, const char* choice, std::vector<int> output,
            double sparsity, bool residual, int64_t weights) {
    search_.parts.push_back({part,
                             kind,
                             choice,
                             std::move(output),
                             sparsity,
                             sparsity > 0 ? 4 : 0,
                             residual,
                             {{part + ".conv", weights}}});
  }

  // Reference point A; the layers' names are those of WriteSampleOutput where it has them.
  void Parts() {
    Part("dot1.down", "downsampling", "conv 3x3, max pooling", {16, 16, 44}, 0, false, 1'188);
    Part("dot1.mb1", "inverted residual", "expansion 4", {16, 16, 44}, 0.5, true, 17'072);
    Part("dot1.tr1", "transformer", "4 heads, MLP ratio 2, residual", {16, 16, 44}, 0.7, true,
         54'208);
    Part("dot2.down", "downsampling", "conv 3x3, max pooling", {8, 8, 192}, 0, false, 76'032);
    Part("dot2.mb1", "inverted residual", "expansion 2", {8, 8, 192}, 0.7, true, 150'912);
    Part("dot2.tr1", "transformer", "4 heads, MLP ratio 2", {8, 8, 192}, 0.5, false, 1'032'192);
    Part("pool", "pooling", "by attention (SeqPool)", {192}, 0, false, 192);
    Part("last", "linear", "768 wide, ReLU", {768}, 0.6, false, 147'456);
    Part("head", "classifier", "linear", {10}, 0, false, 7'680);
  }

  void Choices() {
    const auto add = [&](const char* axis, const std::string& value, int64_t count, double points,
                         double error) {
      search_.candidate_choices.push_back(
          {axis, value, count, 0.78 + points / 100, points / 100, error / 100});
    };
    add("dot1.down.kind", "conv_maxpool", 9, 1.31, 0.42);
    add("dot1.down.kind", "conv_stride2", 5, -0.72, 0.61);
    add("dot1.down.kind", "inverted_residual", 3, -2.73, 0.95);
    add("dot1.mb1.expansion", "2", 6, -0.84, 0.5);
    add("dot1.mb1.expansion", "4", 11, 0.46, 0.33);
    add("dot1.tr1.residual", "false", 8, -0.11, 0.5);
    add("dot1.tr1.residual", "true", 9, 0.1, 0.4);
    add("pooling", name_, 17, 0, 0.3);
    search_.supernet_choices = {{"dot1.dim", "32", 3, 0.44, -0.03, 0.01},
                                {"dot1.dim", "44", 5, 0.49, 0.018, 0.008}};
  }

  std::string name_;
  Rng rng_;
  ReportedSearch search_;
  int64_t free_ms_[2] = {kBegin, kBegin + 3 * kMinute};
};

}  // namespace

ReportedSearch SampleSearch(const std::string& name) { return Sample(name).Make(); }

}  // namespace tinyformer
