#include "base/rng.h"

#include <cmath>

namespace tinyformer {
namespace {

uint64_t SplitMix(uint64_t& x) {
  uint64_t z = (x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t Rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

Rng::Rng(uint64_t seed, std::string_view purpose, uint64_t index) {
  uint64_t x = seed;
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a of the purpose
  for (char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  x = SplitMix(x) ^ hash;
  x = SplitMix(x) ^ index;
  for (uint64_t& word : state_) word = SplitMix(x);
}

uint64_t Rng::Next() {
  uint64_t result = Rotate(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = Rotate(state_[3], 45);
  return result;
}

uint64_t Rng::Below(uint64_t bound) {
  uint64_t threshold = (0 - bound) % bound;  // rejects the short last interval
  for (;;) {
    uint64_t x = Next();
    if (x >= threshold) return x % bound;
  }
}

double Rng::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double Rng::Normal() {
  double u = 1.0 - Uniform();
  double v = Uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

}  // namespace tinyformer
