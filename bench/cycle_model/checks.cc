#include "bench/cycle_model/checks.h"

#include "base/file.h"
#include "bench/cycle_model/sequences.h"
#include "bench/marker_costs.h"

namespace tinyformer::bench {
namespace {

constexpr int kCopies = 64, kLoops = 50;  // a sequence runs 64 times straight, 50 times over

// A program that runs every sequence between its own markers.
std::string SequenceProgram() {
  std::string text =
      "  .syntax unified\n  .thumb\n  .text\n  .global main\n  .thumb_func\nmain:\n"
      "  ldr r7, =tf_profile_marker\n  movs r6, #0\n";
  int id = 0;
  for (const Sequence& sequence : kSequences) {
    ++id;
    std::string label = "loop_" + std::to_string(id);
    text += "  ldr r2, =scratch\n  adds r3, r2, #4\n  mov r8, #" + std::to_string(kLoops) + "\n";
    text += "  ldr r7, =tf_profile_marker\n  strb r6, [r7, #" + std::to_string(id) + "]\n";
    text += "  .balign 8\n" + label + ":\n";
    for (int i = 0; i < kCopies; ++i) text += std::string(sequence.code) + "\n";
    text += "  subs r8, #1\n  bne.w " + label + "\n";
    text += "  ldr r7, =tf_profile_marker\n  strb r6, [r7]\n  .ltorg\n";
  }
  text +=
      "  ldr r1, =block\n  movs r0, #0x20\n  bkpt 0xAB\n  .ltorg\n"
      "  .section .rodata\n  .balign 4\nblock: .word 0x20026, 0\n"
      "  .bss\n  .balign 8\nscratch: .space 64\n"
      "  .global tf_profile_marker\ntf_profile_marker: .space 256\n";
  return text;
}

}  // namespace

std::vector<CheckRow> CheckSequences(const Board& board, const std::string& work) {
  ElfRequest request;
  request.output_path = work + "/sequences.elf";
  request.sources = {work + "/sequences.S"};
  WriteFileAtomic(request.sources[0], SequenceProgram());
  const std::map<int, RunCost> costs = MarkerCosts(request, board, work);
  std::vector<CheckRow> rows;
  int id = 0;
  for (const Sequence& sequence : kSequences) {
    double cycles = static_cast<double>(costs.at(++id).cycles) / (kCopies * kLoops);
    rows.push_back({"sequence", sequence.name, "cycles", cycles, sequence.published_cycles,
                    "jnk0le/random cortex_m7.md"});
  }
  return rows;
}

std::vector<CheckRow> CheckMixedProgram(const Board& board, const std::string& sources,
                                        const std::string& work) {
  ElfRequest request;
  request.output_path = work + "/mixed.elf";
  request.sources = {sources + "/mixed_program.cc"};
  request.include_directories = {sources + "/../.."};
  RunCost cost = MarkerCosts(request, board, work).at(1);
  double ipc = static_cast<double>(cost.instructions) / static_cast<double>(cost.cycles);
  return {{"mixed", "list, matrix, states, CRC", "instructions/cycle", ipc, 0, "our own program"}};
}

std::vector<CheckRow> CheckCoreMark(const Board& board, const std::string& sources,
                                    const std::string& coremark, const std::string& work) {
  constexpr int kIterations = 10;
  const bool is_m4 = board.cpu == "cortex-m4";
  const double score = is_m4 ? 536.35 : 2313.57, hertz = is_m4 ? 200e6 : 600e6;
  const std::string measured = is_m4 ? "Adafruit Metro M4, 200 MHz" : "Teensy 4.0";
  ElfRequest request;
  request.output_path = work + "/coremark.elf";
  for (const char* name :
       {"core_list_join.c", "core_main.c", "core_matrix.c", "core_state.c", "core_util.c"}) {
    request.sources.push_back(coremark + "/" + name);
  }
  request.sources.push_back(sources + "/external/core_portme.c");
  request.include_directories = {sources + "/external", coremark};
  request.defines = {"ITERATIONS=" + std::to_string(kIterations), "PERFORMANCE_RUN=1"};
  std::vector<CheckRow> rows;
  for (const char* level : {"-O2", "-O3"}) {
    request.optimization = level;
    RunCost cost = MarkerCosts(request, board, work).at(1);
    rows.push_back({is_m4 ? "coremark, m4" : "coremark", std::string("iteration, ") + level,
                    "cycles", static_cast<double>(cost.cycles) / kIterations, hertz / score,
                    measured + ", PaulStoffregen/CoreMark README"});
  }
  return rows;
}

std::vector<CheckRow> CheckCmsisNn(const Board& board, const std::string& sources,
                                   const std::string& cmsis, const std::string& work) {
  struct Layer {
    const char* name;
    double milliseconds;
  };
  // arXiv 1801.06601, table 1, NUCLEO-F746ZG at 216 MHz.
  const Layer layers[] = {{"conv1", 31.4}, {"pool1", 1.6}, {"conv2", 42.8}, {"pool2", 0.4},
                          {"conv3", 22.6}, {"pool3", 0.2}, {"fc", 0.1}};
  const std::string nn = cmsis + "/CMSIS/NN/Source/";
  ElfRequest request;
  request.output_path = work + "/cmsis_nn.elf";
  request.sources = {sources + "/external/cmsis_nn_cifar10.c"};
  for (const char* name : {"ConvolutionFunctions/arm_convolve_HWC_q7_RGB.c",
                           "ConvolutionFunctions/arm_convolve_HWC_q7_fast.c",
                           "ConvolutionFunctions/arm_nn_mat_mult_kernel_q7_q15.c",
                           "ConvolutionFunctions/arm_nn_mat_mult_kernel_q7_q15_reordered.c",
                           "PoolingFunctions/arm_pool_q7_HWC.c",
                           "FullyConnectedFunctions/arm_fully_connected_q7_opt.c",
                           "NNSupportFunctions/arm_q7_to_q15_no_shift.c",
                           "NNSupportFunctions/arm_q7_to_q15_reordered_no_shift.c"}) {
    request.sources.push_back(nn + name);
  }
  request.include_directories = {sources + "/external", cmsis + "/CMSIS/NN/Include",
                                 cmsis + "/CMSIS/DSP/Include", cmsis + "/CMSIS/Core/Include"};
  request.defines = {"ARM_MATH_CM7", "ARM_MATH_DSP", "__FPU_PRESENT=1"};
  request.optimization = "-O3";
  const std::map<int, RunCost> costs = MarkerCosts(request, board, work);
  std::vector<CheckRow> rows;
  double modelled = 0, published = 0;
  int id = 0;
  for (const Layer& layer : layers) {
    double cycles = static_cast<double>(costs.at(++id).cycles);
    double reference = layer.milliseconds * 1e-3 * static_cast<double>(board.clock_hz);
    rows.push_back({"cmsis-nn", layer.name, "cycles", cycles, reference, "arXiv 1801.06601"});
    modelled += cycles;
    published += reference;
  }
  rows.push_back({"cmsis-nn", "whole network", "cycles", modelled, published, "arXiv 1801.06601"});
  return rows;
}

std::vector<CheckRow> CheckAes(const Board& board, const std::string& sources,
                               const std::string& aes, const std::string& work) {
  struct Routine {
    const char *name, *file, *function;
    double aes128_cycles, aes256_cycles;
  };
  // doc/aes/CM7_details.md (STM32H7) and CM3_CM4_details.md (STM32F4, no wait states)
  const Routine m7[] = {
      {"round, table, encrypt", "CM7_1T/CM7_1T_AES_encrypt", "CM7_1T_AES_encrypt", 292, 400},
      {"round, table, decrypt", "CM7_1T/CM7_1T_AES_decrypt", "CM7_1T_AES_decrypt", 293, 401},
      {"round, S-box, encrypt", "CM7_DSPsBOX/CM7_DSPsBOX_AES_encrypt", "CM7_DSPsBOX_AES_encrypt",
       400, 556}};
  const Routine m4[] = {
      {"round, table, encrypt", "CM3_1T/CM3_1T_AES_encrypt", "CM3_1T_AES_encrypt", 626, 858},
      {"round, table, decrypt", "CM3_1T/CM3_1T_AES_decrypt", "CM3_1T_AES_decrypt", 629, 863},
      {"round, S-box, encrypt", "CM4_DSPsBOX/CM4_DSPsBOX_AES_encrypt", "CM4_DSPsBOX_AES_encrypt",
       844, 1172},
      {"round, S-box, decrypt", "CM4_DSPsBOX/CM4_DSPsBOX_AES_decrypt", "CM4_DSPsBOX_AES_decrypt",
       1240, 1744}};
  const bool is_m4 = board.cpu == "cortex-m4";
  const std::vector<Routine> routines = is_m4 ? std::vector<Routine>(std::begin(m4), std::end(m4))
                                              : std::vector<Routine>(std::begin(m7), std::end(m7));
  ElfRequest request;
  request.output_path = work + "/aes.elf";
  request.sources = {sources + "/external/aes_rounds.c", aes + "/aes/lookup_tables.c"};
  request.include_directories = {sources + "/external", aes};
  std::string functions;
  for (const Routine& routine : routines) {
    request.sources.push_back(aes + "/aes/target/" + routine.file + ".S");
    functions += (functions.empty() ? "" : ",") + std::string(routine.function);
  }
  request.defines = {"TF_AES_CIPHERS=" + functions};
  const std::map<int, RunCost> costs = MarkerCosts(request, board, work);
  std::vector<CheckRow> rows;
  // Calls, first and last rounds cost the same however many rounds lie between: AES-256 has four
  // more than AES-128; our runs differ by sixteen, so that a slipped cycle of a call counts little.
  int id = 1;
  for (const Routine& routine : routines) {
    double of_26 = static_cast<double>(costs.at(id + 1).cycles);
    double of_42 = static_cast<double>(costs.at(id + 2).cycles);
    rows.push_back({is_m4 ? "aes, m4" : "aes", routine.name, "cycles", (of_42 - of_26) / 16,
                    (routine.aes256_cycles - routine.aes128_cycles) / 4, "jnk0le/cortexm-AES"});
    id += 3;
  }
  return rows;
}

}  // namespace tinyformer::bench
