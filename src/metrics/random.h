// The generator behind every shuffle and resample. std::mt19937_64 and std::seed_seq are fixed bit for bit by
// the C++ standard, the standard distributions are not; so bounded integers and shuffles are ours, and a seed
// means the same numbers on every machine, compiler and number of threads. Sources: Matsumoto and Nishimura
// 1998 (generator); Lemire 2019, "Fast random integer generation in an interval" (bounded integers without
// bias); Fisher and Yates in Durstenfeld's form (shuffle).
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string_view>

namespace headspec::metrics {

class Random {
 public:
  // One stream for each (seed, purpose): the seed sequence is the seed's low word, its high word, and the
  // bytes of the purpose, so that adding one statistic does not change the numbers of another.
  Random(std::uint64_t seed, std::string_view purpose);

  std::uint32_t Below(std::uint32_t bound);  // uniform in 0..bound-1, bound >= 1
  double Uniform();                          // uniform in [0, 1), a multiple of 2^-53
  void Shuffle(std::span<double> values);    // every order equally likely

 private:
  std::mt19937_64 engine_;
};

}  // namespace headspec::metrics
