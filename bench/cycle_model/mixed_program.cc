// Control-heavy integer work of the kind that processor benchmarks use: list, matrix, state
// machine, CRC. Our own code.
#include <stdint.h>

#include "sim/harness/fault_report.h"
#include "sim/harness/semihosting.h"

extern "C" {
volatile uint8_t tf_profile_marker[256];
}

namespace {

struct Node {
  Node* next;
  int16_t key, value;
};

constexpr int kNodes = 64, kSize = 16, kRounds = 20;
Node nodes[kNodes];
int16_t left[kSize][kSize], right[kSize][kSize];
int32_t product[kSize][kSize];
const char kText[] = "12,-7.5e3,+0x1f,abc,.25,9e,--1,4400,3.14159,0,77x,1e-9,";

uint32_t random_state = 1;

int16_t Random() {
  random_state = random_state * 1664525u + 1013904223u;
  return static_cast<int16_t>(random_state >> 16);
}

uint16_t Crc(uint16_t crc, uint32_t value) {
  for (int bit = 0; bit < 32; ++bit, value >>= 1) {
    bool carry = ((crc ^ value) & 1) != 0;
    crc >>= 1;
    if (carry) crc ^= 0xA001;
  }
  return crc;
}

Node* MakeList() {
  for (int i = 0; i < kNodes; ++i)
    nodes[i] = {i + 1 < kNodes ? &nodes[i + 1] : nullptr, Random(), Random()};
  return nodes;
}

// Insertion into a sorted list: pointer chasing with unpredictable branches.
Node* Sort(Node* list) {
  Node* sorted = nullptr;
  while (list != nullptr) {
    Node* node = list;
    list = list->next;
    Node** place = &sorted;
    while (*place != nullptr && (*place)->key < node->key) place = &(*place)->next;
    node->next = *place;
    *place = node;
  }
  return sorted;
}

Node* Reverse(Node* list) {
  Node* reversed = nullptr;
  while (list != nullptr) {
    Node* next = list->next;
    list->next = reversed;
    reversed = list;
    list = next;
  }
  return reversed;
}

int32_t MultiplyMatrices(int16_t scale) {
  int32_t trace = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      int32_t sum = 0;
      for (int k = 0; k < kSize; ++k) sum += left[i][k] * right[k][j];
      product[i][j] = sum + scale;
    }
    trace += product[i][i];
  }
  return trace;
}

enum State { kStart, kSign, kInteger, kFraction, kExponent, kInvalid, kStates };

State Step(State state, char c) {
  bool digit = c >= '0' && c <= '9';
  switch (state) {
    case kStart:
      if (digit) return kInteger;
      if (c == '+' || c == '-') return kSign;
      return c == '.' ? kFraction : kInvalid;
    case kSign:
      if (digit) return kInteger;
      return c == '.' ? kFraction : kInvalid;
    case kInteger:
      if (digit) return kInteger;
      if (c == '.') return kFraction;
      return c == 'e' ? kExponent : kInvalid;
    case kFraction:
      if (digit) return kFraction;
      return c == 'e' ? kExponent : kInvalid;
    case kExponent:
      return digit || c == '-' ? kExponent : kInvalid;
    default:
      return kInvalid;
  }
}

uint32_t CountStates() {
  uint32_t counts[kStates] = {};
  State state = kStart;
  for (const char* c = kText; *c != '\0'; ++c) {
    if (*c == ',') {
      ++counts[state];
      state = kStart;
    } else {
      state = Step(state, *c);
    }
  }
  uint32_t packed = 0;
  for (uint32_t count : counts) packed = packed * 31 + count;
  return packed;
}

uint16_t Round(int16_t seed) {
  uint16_t crc = 0;
  Node* list = Reverse(Sort(MakeList()));
  for (Node* node = list; node != nullptr; node = node->next) {
    crc = Crc(crc, static_cast<uint32_t>(node->key));
  }
  crc = Crc(crc, static_cast<uint32_t>(MultiplyMatrices(seed)));
  return Crc(crc, CountStates());
}

}  // namespace

int main() {
  int16_t(*matrices[])[kSize] = {left, right};
  for (auto* matrix : matrices) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) matrix[i][j] = static_cast<int16_t>(Random() >> 8);
    }
  }
  uint16_t crc = 0;
  tf_profile_marker[1] = 0;
  for (int16_t i = 0; i < kRounds; ++i) crc = static_cast<uint16_t>(crc + Round(i));
  tf_profile_marker[0] = 0;
  tinyformer::semihosting::PrintHex("crc", crc);
  tinyformer::semihosting::Exit(0);
}
