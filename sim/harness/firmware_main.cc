// main of an emulated firmware: images from input.bin through the model to output.bin, by
// semihosting.
//
// TF_HARNESS_HEADER, _INPUT_BYTES, _OUTPUT_BYTES, _INIT and _INVOKE are defined on the compiler's
// command line, because they depend on the model's prefix. Exit status: 0 done, 100 fault, 101
// invoke failed, 102 file trouble.
#include TF_HARNESS_HEADER

#include "fault_report.h"

extern "C" {

/// A byte stored at [1] starts an image's counted region, at [0] ends it.
__attribute__((section(".tf_harness"))) volatile uint8_t tf_image_marker[2];

#ifdef TF_PROFILE
/// A byte stored at [id] says that layer id begins (0: outside the layers).
volatile uint8_t tf_profile_marker[256];
#endif
}

namespace {

// Outside the chip's memory, so that the model's RAM use is measured alone.
__attribute__((section(".tf_harness"), aligned(16))) int8_t input[TF_HARNESS_INPUT_BYTES];
__attribute__((section(".tf_harness"), aligned(16))) int8_t output[TF_HARNESS_OUTPUT_BYTES];

[[noreturn]] void Fail(const char* message, uint32_t status) {
  tinyformer::semihosting::Print(message);
  tinyformer::semihosting::Exit(status);
}

}  // namespace

int main() {
  namespace host = tinyformer::semihosting;
  int in = host::Open("input.bin", 1);
  int out = host::Open("output.bin", 5);
  if (in < 0 || out < 0) Fail("tf-harness: cannot open input.bin or output.bin\n", 102);
  int images = host::FileLength(in) / static_cast<int>(sizeof input);
  TF_HARNESS_INIT();
  for (int i = 0; i < images; ++i) {
    if (!host::Read(in, input, sizeof input)) Fail("tf-harness: cannot read input.bin\n", 102);
    tf_image_marker[1] = 0;
    int status = TF_HARNESS_INVOKE(input, output);
    tf_image_marker[0] = 0;
    if (status != 0) Fail("tf-harness: invoke returned an error\n", 101);
    if (!host::Write(out, output, sizeof output))
      Fail("tf-harness: cannot write output.bin\n", 102);
  }
  host::Close(out);
  host::Exit(0);
}
