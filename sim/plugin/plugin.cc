// QEMU TCG plugin: enforces a board's memory map, counts instructions exactly and, on request,
// estimates the core's cycles.
//
// Loaded as  -plugin tinyformer-emulator-plugin.so,config=PATH  (a comma in PATH is doubled).
// Counting is exact and cheap: every translated block adds its length when it starts, and a marker
// store corrects for the instructions behind it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "sim/cycle_model/cache.h"
#include "sim/cycle_model/core.h"
#include "sim/cycle_model/decode.h"
#include "sim/plugin/attribution.h"
#include "sim/plugin/guard.h"
#include "sim/plugin/memory_monitor.h"
#include "sim/plugin/qemu_api.h"
#include "sim/plugin/result_writer.h"
#include "sim/plugin/run_config.h"

namespace tinyformer::plugin {
namespace {

using cycle_model::Access;
using cycle_model::Instruction;

constexpr int kApiVersion = 1;
constexpr int kViolationStatus = 86;  // QEMU's exit status after a violation
constexpr int kMaxAccesses = 36;      // VLDM of 32 registers is the longest instruction

// One translated instruction. Never freed: QEMU may keep the address as long as it runs.
struct Site {
  uint32_t pc;
  uint32_t behind;  // instructions after it in its block
  Instruction instruction;
  int fetch_cache = -1;
};

// All state of a run. The firmware has one core, so callbacks come one at a time.
class Run {
 public:
  explicit Run(RunConfig config)
      : config_(std::move(config)),
        memory_(config_),
        guard_(config_),
        attribution_(config_.image_marker != 0),
        core_(cycle_model::MakeCore(config_.cpu)) {
    if (core_ == nullptr) throw std::runtime_error("no cycle model for " + config_.cpu);
    for (const CacheParameters& cache : config_.caches) {
      caches_.emplace_back(cache.bytes, cache.ways, cache.line_bytes, cache.miss_cycles);
    }
  }

  void Translate(qemu_plugin_tb* block) {
    size_t count = qemu_plugin_tb_n_insns(block);
    std::vector<Site*> sites = MakeSites(block, count);
    if (!config_.cycles) {
      qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &started_, count);
    }
    for (size_t i = 0; i < count; ++i) {
      qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(block, i);
      bool allowed =
          memory_.AllowsExecution(sites[i]->pc, static_cast<uint32_t>(qemu_plugin_insn_size(insn)));
      if (!allowed) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, OnForbidden, QEMU_PLUGIN_CB_NO_REGS, sites[i]);
      } else if (config_.cycles) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, OnExecute, QEMU_PLUGIN_CB_NO_REGS, sites[i]);
      }
      qemu_plugin_register_vcpu_mem_cb(insn, OnMemory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                       sites[i]);
    }
  }

  void Forbidden(const Site& site) {
    uint32_t from = pending_ != nullptr ? pending_->pc : 0;  // known in cycle mode only
    Stop({Violation::Kind::kExecute, site.pc, site.instruction.bytes, from});
  }

  // Cycle mode: the instruction before this one is complete now, and its successor known.
  void Execute(const Site& site) {
    Retire(site.pc);
    pending_ = &site;
    access_count_ = 0;
  }

  void Memory(const Site& site, uint32_t address, uint32_t bytes, bool store) {
    if (!memory_.Allows(address, bytes, store)) {
      Stop({store ? Violation::Kind::kStore : Violation::Kind::kLoad, address, bytes, site.pc});
    }
    if (guard_.Covers(address, bytes) && !guard_.Allows(address, bytes, store)) {
      Stop({store ? Violation::Kind::kGuardedStore : Violation::Kind::kGuardedLoad, address, bytes,
            site.pc});
    }
    if (config_.cycles && access_count_ < kMaxAccesses) {
      accesses_[access_count_++] = {address, static_cast<uint8_t>(bytes), store};
    }
    if (store && bytes == 1) Mark(site, address);
  }

  void Finish() {
    Retire(0);
    attribution_.Finish(Now(0));
    Write(std::nullopt);
  }

 private:
  std::vector<Site*> MakeSites(qemu_plugin_tb* block, size_t count) {
    std::vector<Site*> made;
    std::vector<uint8_t> code;
    for (size_t i = 0; i < count; ++i) {
      qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(block, i);
      Site site{};
      site.pc = static_cast<uint32_t>(qemu_plugin_insn_vaddr(insn));
      site.behind = static_cast<uint32_t>(count - 1 - i);
      site.instruction.pc = site.pc;
      site.instruction.bytes = static_cast<uint8_t>(qemu_plugin_insn_size(insn));
      if (config_.cycles) {
        const auto* data = static_cast<const uint8_t*>(qemu_plugin_insn_data(insn));
        code.insert(code.end(), data, data + qemu_plugin_insn_size(insn));
        const Region* region = memory_.FindRegion(site.pc);
        site.fetch_cache = region ? region->fetch_cache : -1;
      }
      sites_.push_back(site);
      made.push_back(&sites_.back());
    }
    if (!config_.cycles || made.empty()) return made;
    // A block is decoded as a whole, because IT changes the instructions behind it.
    std::vector<Instruction> decoded = decoder_.Decode(code.data(), code.size(), made[0]->pc);
    for (size_t i = 0; i < made.size() && i < decoded.size(); ++i) {
      if (decoded[i].pc != made[i]->pc) break;
      made[i]->instruction = decoded[i];
    }
    return made;
  }

  void Retire(uint32_t next_pc) {
    if (pending_ == nullptr) return;
    ++retired_;
    if (pending_->fetch_cache >= 0) {
      stall_cycles_ += caches_[static_cast<size_t>(pending_->fetch_cache)].Read(pending_->pc);
    }
    for (int i = 0; i < access_count_; ++i) StallOn(accesses_[i]);
    if (next_pc == 0) next_pc = pending_->pc + pending_->instruction.bytes;
    core_->Issue(pending_->instruction, next_pc, accesses_, access_count_);
    pending_ = nullptr;
    if (waiting_mark_ >= 0) {
      Attribute(waiting_mark_, Now(0));
      waiting_mark_ = -1;
    }
  }

  void StallOn(const Access& access) {
    if (access.store) return;
    const Region* region = memory_.FindRegion(access.address);
    if (region == nullptr || region->data_cache < 0) return;
    stall_cycles_ += caches_[static_cast<size_t>(region->data_cache)].Read(access.address);
  }

  void Mark(const Site& site, uint32_t address) {
    if (guard_.IsMarker(address) && !guard_.Enter(address, Now(site.behind).instructions)) {
      Stop({Violation::Kind::kUnequalWork, address, 1, site.pc, guard_.remembered(),
            guard_.found()});
    }
    int mark = -1;
    if (config_.layer_marker != 0 && address - config_.layer_marker < kImageMark) {
      mark = static_cast<int>(address - config_.layer_marker);
    } else if (config_.image_marker != 0 && address - config_.image_marker < 2) {
      mark = kImageMark + static_cast<int>(address - config_.image_marker);
    }
    if (mark < 0) return;
    if (config_.cycles) {
      waiting_mark_ = mark;  // once the store itself is booked
    } else {
      Attribute(mark, Now(site.behind));
    }
  }

  void Attribute(int mark, const Totals& now) {
    if (mark < kImageMark) {
      attribution_.EnterLayer(mark, now);
    } else if (mark > kImageMark) {
      attribution_.EnterImage(now);
    } else {
      attribution_.LeaveImage(now);
    }
  }

  // Totals up to an instruction that has this many others behind it in its block.
  Totals Now(uint32_t behind) const {
    if (!config_.cycles) return {started_ - behind, 0, 0, 0, 0};
    return {retired_, core_->cycles(), stall_cycles_, core_->mispredictions(), core_->unaligned()};
  }

  void Write(const std::optional<Violation>& violation) {
    if (!WriteResult(config_, attribution_, Now(0), memory_, violation)) {
      std::fprintf(stderr, "tinyformer-emulator-plugin: cannot write %s\n",
                   config_.output_path.c_str());
    }
  }

  [[noreturn]] void Stop(const Violation& violation) {
    Write(violation);
    std::fflush(nullptr);
    std::_Exit(kViolationStatus);
  }

  static void OnForbidden(unsigned, void* data);
  static void OnExecute(unsigned, void* data);
  static void OnMemory(unsigned, qemu_plugin_meminfo_t info, uint64_t address, void* data);

  static constexpr int kImageMark = Attribution::kLayers;  // marks below are layers

  RunConfig config_;
  MemoryMonitor memory_;
  Guard guard_;
  Attribution attribution_;
  std::deque<Site> sites_;
  uint64_t started_ = 0;  // instructions of all blocks that were entered

  cycle_model::Decoder decoder_;
  std::unique_ptr<cycle_model::Core> core_;
  std::vector<cycle_model::Cache> caches_;
  const Site* pending_ = nullptr;
  Access accesses_[kMaxAccesses];
  int access_count_ = 0;
  int waiting_mark_ = -1;
  uint64_t retired_ = 0, stall_cycles_ = 0;
};

Run* run = nullptr;  // QEMU's callbacks carry no pointer of ours at translation time

void Run::OnForbidden(unsigned, void* data) { run->Forbidden(*static_cast<Site*>(data)); }

void Run::OnExecute(unsigned, void* data) { run->Execute(*static_cast<Site*>(data)); }

void Run::OnMemory(unsigned, qemu_plugin_meminfo_t info, uint64_t address, void* data) {
  run->Memory(*static_cast<Site*>(data), static_cast<uint32_t>(address),
              1u << qemu_plugin_mem_size_shift(info), qemu_plugin_mem_is_store(info));
}

// 0, or -1 after a message: QEMU then ends.
int Install(qemu_plugin_id_t id, const qemu_info_t& info, int argc, char** argv) {
  if (info.version.min > kApiVersion || info.version.cur < kApiVersion) {
    std::fprintf(stderr,
                 "tinyformer-emulator-plugin: this QEMU offers plugin interface versions %d to %d, "
                 "the plugin needs %d (QEMU 6.0 to 8.1)\n",
                 info.version.min, info.version.cur, kApiVersion);
    return -1;
  }
  std::string path;
  for (int i = 0; i < argc; ++i) {
    if (std::strncmp(argv[i], "config=", 7) == 0) path = argv[i] + 7;
  }
  try {
    run = new Run(ReadRunConfig(path));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tinyformer-emulator-plugin: config '%s': %s\n", path.c_str(),
                 error.what());
    return -1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(
      id, [](qemu_plugin_id_t, qemu_plugin_tb* block) { run->Translate(block); });
  qemu_plugin_register_atexit_cb(
      id, [](qemu_plugin_id_t, void*) { run->Finish(); }, nullptr);
  return 0;
}

}  // namespace
}  // namespace tinyformer::plugin

extern "C" {

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const qemu_info_t* info, int argc,
                                                               char** argv) {
  return tinyformer::plugin::Install(id, *info, argc, argv);
}

}  // extern "C"
