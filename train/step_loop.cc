#include "train/step_loop.h"

#include <cmath>
#include <cstdio>
#include <new>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "train/evaluate.h"
#include "train/schedule.h"
#include "train/tensor_bytes.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

// Reading a loss waits until the device has done all that it was given.
constexpr int64_t kStepsUnread = 25;
constexpr char kCheckpoint[] = "checkpoint.safetensors";
constexpr char kCheckpointFix[] =
    "remove the checkpoint to start again, or use the folder it came from";

// libtorch's errors have no type of their own for a processor's memory.
bool IsOutOfMemory(const std::exception& error) {
  const std::string text = error.what();
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         text.find("can't allocate memory") != std::string::npos ||
         text.find("CUDA out of memory") != std::string::npos;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& targets) {
  return -(at::log_softmax(logits, 1) * targets).sum(1).mean();
}

void RestoreParameters(const TensorFile& checkpoint, const std::string& name,
                       const std::string& prefix, const Parameters& parameters) {
  for (const Parameter& p : parameters) {
    const auto found = checkpoint.tensors.find(prefix + p.name);
    if (found == checkpoint.tensors.end() || found->second.shape != p.value.sizes().vec()) {
      throw Error(
          "train/checkpoint", name, "a tensor '" + prefix + p.name + "' of this genome's shape",
          found == checkpoint.tensors.end() ? "no such tensor" : ToString(found->second.shape),
          kCheckpointFix);
    }
    CopyInto(found->second, p.value);
  }
}

Json StepLoop::ToJson(const LoopProgress& p) {
  return {{"step", p.step},       {"loss_sum", p.loss_sum}, {"seconds", p.seconds},
          {"correct", p.correct}, {"images", p.images},     {"metrics", p.metrics}};
}

StepLoop::LoopProgress StepLoop::ParseProgress(const Json& json, const std::string& name) {
  LoopProgress p;
  p.step = RequireKey<int64_t>(json, "step", name, "a whole number");
  p.loss_sum = RequireKey<double>(json, "loss_sum", name, "a number");
  p.seconds = RequireKey<double>(json, "seconds", name, "a number");
  p.correct = RequireKey<int64_t>(json, "correct", name, "a whole number");
  p.images = RequireKey<int64_t>(json, "images", name, "a whole number");
  p.metrics = RequireKey<Json>(json, "metrics", name, "a list");
  if (!p.metrics.is_array()) FailJsonKey(name, "metrics", "a list", JsonTypeName(p.metrics));
  return p;
}

StepLoop::StepLoop(const LoopJob& job, Trainee& trainee)
    : job_(job),
      recipe_(job.recipe),
      trainee_(trainee),
      batches_(*job.train, recipe_, recipe_.device == "cpu" ? 1 : 0),
      total_steps_(recipe_.epochs * batches_.steps_per_epoch()),
      ahead_(batches_, total_steps_) {
  if (job.folder.Has(kCheckpoint)) Restore();
}

void StepLoop::Run() {
  Progress bar(recipe_.stage, total_steps_ * batches_.batch(), "images");
  bar.StartAt(progress_.step * batches_.batch());
  saved_ = Clock::now();
  try {
    if (EpochIsFull()) FinishEpoch();
    while (progress_.step < total_steps_) {
      const Clock::time_point start = Clock::now();
      Step();
      progress_.seconds += SecondsSince(start);
      bar.Update(progress_.step * batches_.batch(), Note());
      if (EpochIsFull()) FinishEpoch();
      if (progress_.step == job_.stop_after_steps) throw Interrupted();
      ThrowIfInterrupted();
      if (SecondsSince(saved_) >= job_.checkpoint_seconds) Save();
    }
  } catch (const Interrupted&) {
    Save();
    throw;
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
    const std::string batch = std::to_string(batches_.batch());
    throw Error("train/memory", "--batch " + batch,
                "memory for a batch of " + batch + " images on " + recipe_.device,
                "too little of it", "use a smaller --batch");
  }
  WriteMetrics();
}

bool StepLoop::EpochIsFull() const {
  return progress_.images > 0 && progress_.step % batches_.steps_per_epoch() == 0;
}

std::string StepLoop::Note() const {
  const auto images = static_cast<double>(progress_.images);
  if (images == 0) return "";
  char text[96];
  std::snprintf(text, sizeof text, "epoch %lld, loss %.3f, accuracy %.1f %%",
                static_cast<long long>((progress_.step - 1) / batches_.steps_per_epoch() + 1),
                progress_.loss_sum / images, 100 * static_cast<double>(progress_.correct) / images);
  return text;
}

void StepLoop::Step() {
  const HoldInterrupts whole_steps;  // half of one must not be saved
  Batch& batch = ahead_.Take(progress_.step);
  const at::Tensor images = ToInput(batch, job_.train->shape, recipe_.device);
  const at::Tensor targets =
      ToDevice(at::from_blob(batch.targets.data(), {batch.size, job_.train->classes}, at::kFloat),
               recipe_.device);
  const at::Tensor labels =
      ToDevice(at::from_blob(batch.labels.data(), {batch.size}, at::kInt), recipe_.device);
  const PassOutput output = trainee_.Learn(progress_.step, images, targets);
  const at::Tensor loss = output.loss.to(at::kDouble) * batch.size;
  const at::Tensor correct = output.logits.argmax(1).eq(labels).sum();
  unread_.loss_sum = unread_.images == 0 ? loss : unread_.loss_sum + loss;
  unread_.correct = unread_.images == 0 ? correct : unread_.correct + correct;
  unread_.images += batch.size;
  trainee_.optimizer().Step(LearningRate(recipe_, progress_.step, batches_.steps_per_epoch()));
  ++progress_.step;
  trainee_.AfterStep(progress_.step);
  const int64_t read_every = recipe_.device == "cpu" ? 1 : kStepsUnread;
  if (progress_.step % read_every == 0 || progress_.step % batches_.steps_per_epoch() == 0) Read();
}

void StepLoop::Read() {
  if (unread_.images == 0) return;
  const auto loss_sum = unread_.loss_sum.item<double>();
  RequireFinite("loss", loss_sum);
  progress_.loss_sum += loss_sum;
  progress_.correct += unread_.correct.item<int64_t>();
  progress_.images += unread_.images;
  unread_ = {};
}

void StepLoop::FinishEpoch() {
  const Json measured = trainee_.Measure();
  for (const auto& [name, value] : measured.items()) RequireFinite(name, value.get<double>());
  const auto images = static_cast<double>(progress_.images);
  Json line = {{"epoch", progress_.step / batches_.steps_per_epoch()},
               {"step", progress_.step},
               {"lr", LearningRate(recipe_, progress_.step - 1, batches_.steps_per_epoch())},
               {"train_loss", progress_.loss_sum / images},
               {"train_accuracy", static_cast<double>(progress_.correct) / images}};
  line.update(measured);
  line["images_per_second"] = images / progress_.seconds;
  line["seconds"] = progress_.seconds;
  progress_.metrics.push_back(line);
  progress_.loss_sum = progress_.seconds = 0;
  progress_.correct = progress_.images = 0;
  Save();
}

void StepLoop::WriteMetrics() const {
  std::string lines;
  for (const Json& line : progress_.metrics) lines += line.dump() + "\n";
  WriteFileAtomic(job_.folder.File("metrics.jsonl"), lines);
}

void StepLoop::Save() {
  Read();
  TensorFile file;
  auto add = [&](const std::string& prefix, const Parameters& parameters) {
    for (const Parameter& p : parameters) file.tensors[prefix + p.name] = ToNamedTensor(p.value);
  };
  add("weights/", trainee_.parameters());
  add("adam/", trainee_.optimizer().moments());
  trainee_.Save(&file.tensors);
  file.metadata["progress"] = ToJson(progress_).dump();
  file.metadata["adam_updates"] = Json(trainee_.optimizer().updates()).dump();
  WriteTensors(job_.folder.File(kCheckpoint), file);
  WriteMetrics();
  saved_ = Clock::now();
}

void StepLoop::Restore() {
  const std::string name = job_.folder.File(kCheckpoint), bytes = ReadFile(name);
  try {
    Restore(DecodeTensors(bytes, name), name);
  } catch (const Error& error) {  // whatever is wrong, the same helps
    throw Error(error.code(), error.where(), error.expected(), error.found(), kCheckpointFix);
  }
}

void StepLoop::Restore(const TensorFile& file, const std::string& name) {
  RestoreParameters(file, name, "weights/", trainee_.parameters());
  RestoreParameters(file, name, "adam/", trainee_.optimizer().moments());
  trainee_.Restore(file, name);
  auto metadata = [&](const std::string& key, const std::string& absent) {
    const auto found = file.metadata.find(key);
    return ParseJson(found == file.metadata.end() ? absent : found->second, name);
  };
  progress_ = ParseProgress(metadata("progress", "{}"), name);
  if (progress_.step < 0 || progress_.step > total_steps_) {
    throw Error("train/checkpoint", name, "a step from 0 to " + std::to_string(total_steps_),
                "step " + std::to_string(progress_.step), kCheckpointFix);
  }
  // Earlier versions wrote no counts: there, every step updated every parameter.
  const size_t trained = trainee_.optimizer().updates().size();
  const Json updates =
      metadata("adam_updates", Json(std::vector<int64_t>(trained, progress_.step)).dump());
  if (!JsonHolds<std::vector<int64_t>>()(updates) || updates.size() != trained) {
    throw Error("train/checkpoint", name, std::to_string(trained) + " counts of updates",
                JsonTypeName(updates) + " of " + std::to_string(updates.size()), kCheckpointFix);
  }
  trainee_.optimizer().set_updates(updates.get<std::vector<int64_t>>());
}

void StepLoop::RequireFinite(const std::string& name, double value) const {
  if (std::isfinite(value)) return;
  const int64_t last = progress_.step - 1;
  char text[64];
  std::snprintf(text, sizeof text, "%s with learning rate %g",
                std::isnan(value) ? "nan" : "infinity",
                LearningRate(recipe_, last, batches_.steps_per_epoch()));
  throw Error("train/nan",
              "epoch " + std::to_string(last / batches_.steps_per_epoch() + 1) + ", step " +
                  std::to_string(last + 1) + " of " + std::to_string(total_steps_),
              "a finite " + name, text,
              "remove " + job_.folder.path() +
                  ", then run the command with a lower --lr or with --amp off");
}

}  // namespace tinyformer
