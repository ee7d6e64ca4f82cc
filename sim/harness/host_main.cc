// main of a host build: images from input.bin through the same generated code to output.bin.
//
// Same contract as firmware_main.cc: macros on the command line, exit status 0, 101 (invoke
// failed), 102 (file trouble).
#include TF_HARNESS_HEADER

#include <cstdio>

#ifdef TF_PROFILE
extern "C" {
volatile uint8_t tf_profile_marker[256];
}
#endif

int main() {
  static int8_t input[TF_HARNESS_INPUT_BYTES], output[TF_HARNESS_OUTPUT_BYTES];
  std::FILE* in = std::fopen("input.bin", "rb");
  std::FILE* out = std::fopen("output.bin", "wb");
  if (in == nullptr || out == nullptr) return 102;
  TF_HARNESS_INIT();
  while (std::fread(input, sizeof input, 1, in) == 1) {
    if (TF_HARNESS_INVOKE(input, output) != 0) return 101;
    if (std::fwrite(output, sizeof output, 1, out) != 1) return 102;
  }
  return std::fclose(out) == 0 ? 0 : 102;
}
