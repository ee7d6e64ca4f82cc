#include "train/environment.h"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <thread>

#include "base/error.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

bool CpuHasBf16() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  return __builtin_cpu_supports("avx512bf16") > 0;
#else
  return false;
#endif
}

/// The file that the BLAS routine comes from, links resolved: OpenBLAS and the reference look alike
/// by name only.
std::string BlasLibrary() {
  void* routine = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  if (routine == nullptr || dladdr(routine, &info) == 0 || info.dli_fname == nullptr)
    return "inside libtorch";
  std::error_code none;
  const std::filesystem::path file = std::filesystem::canonical(info.dli_fname, none);
  if (none) return info.dli_fname;
  return file.parent_path().filename().string() + "/" + file.filename().string();
}

/// "AVX2", "AVX512", ...: which of its kernels libtorch uses.
std::string KernelIsa() {
  const std::string config = at::show_config(), key = "CPU capability usage: ";
  const size_t at = config.find(key);
  if (at == std::string::npos) return "unknown";
  return config.substr(at + key.size(),
                       config.find_first_of("\n ", at + key.size()) - at - key.size());
}

}  // namespace

void ConfigureThreads(int threads) {
  at::set_num_threads(
      threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

ThreadsScope::ThreadsScope(int threads) : before_(at::get_num_threads()) {
  at::set_num_threads(threads);
}
ThreadsScope::~ThreadsScope() { at::set_num_threads(before_); }
// Asking makes libtorch set the thread's number, which oneDNN then finds.
void ThreadsScope::Enter() { at::get_num_threads(); }

void KeepFreedMemory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 1 << 26);
  ::mallopt(M_ARENA_MAX, 1);  // the other arenas' pieces of 64 MB go back to the system
#endif
}

std::string ChooseDevice(const std::string& wanted) {
  if (wanted == "cpu") return wanted;
  const bool present = at::globalContext().hasCUDA();
  if (wanted == "cuda" && !present) {
    throw Error("train/device", "--device cuda", "a CUDA GPU and a libtorch with CUDA",
                "neither or only one of them",
                "use --device cpu, or build with a CUDA libtorch on a machine with a GPU");
  }
  return present ? "cuda" : "cpu";
}

std::string ChooseAmp(const std::string& wanted, const std::string& device) {
  if (wanted != "auto") return wanted;
  return device == "cuda" || CpuHasBf16() ? "bf16" : "off";
}

Json DescribeEnvironment() {
  return {{"threads", at::get_num_threads()},
          {"torch", TORCH_VERSION},
          {"blas", BlasLibrary()},
          {"isa", KernelIsa()},
          {"bf16", CpuHasBf16()}};
}

}  // namespace tinyformer
