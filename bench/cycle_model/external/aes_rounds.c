// Times AES routines of github.com/jnk0le/cortexm-AES, hand-scheduled for a core (their sources are
// not part of this repository): 10, 26 and 42 rounds of each in TF_AES_CIPHERS.
#include <stdint.h>

#include "aes/target/CM3.h"
#include "aes/target/CM4.h"
#include "aes/target/CM7.h"
#include "emulator_exit.h"

volatile uint8_t tf_profile_marker[256];

static uint8_t round_keys[43 * 16], text[16];

typedef void Cipher(const uint8_t* round_keys, const uint8_t* in, uint8_t* out, size_t rounds);

static Cipher* const ciphers[] = {TF_AES_CIPHERS};

// One call site for all, so that they differ in the number of rounds only; the first call trains
// the branch predictor.
static void Time(Cipher* cipher, int id) {
  for (int i = 0; i < 3; ++i) {
    tf_profile_marker[id + i] = 0;
    cipher(round_keys, text, text, (size_t)(10 + 16 * i));
    tf_profile_marker[0] = 0;
  }
}

int main(void) {
  for (unsigned i = 0; i < sizeof ciphers / sizeof *ciphers; ++i) Time(ciphers[i], 1 + 3 * (int)i);
  ExitEmulator();
  return 0;
}
