// Compiles the inner loops for each instruction set and picks one when first asked.
#include "Loops.hpp"

#include "CTorch.h"

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#endif

namespace ctorch {

namespace baseline {
#include "Loops.inc"
}

#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define LOOPS_AVX2 1
namespace avx2 {
#include "Loops.inc"
}
#undef LOOPS_AVX2
#pragma clang attribute pop
#pragma clang attribute push(                                                                              \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,bmi2"))), apply_to = function)
#define LOOPS_AVX512 1
namespace avx512 {
#include "Loops.inc"
}
#undef LOOPS_AVX512
#pragma clang attribute pop

static bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
static bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

template <>
const LoopTable<float> &loops<float>() {
  static const auto &best = has_avx512() ? avx512::float_loops : has_avx2() ? avx2::float_loops : baseline::float_loops;
  return best;
}
template <>
const LoopTable<uint16_t> &loops<uint16_t>() {
  static const auto &best =
      has_avx512() ? avx512::bfloat16_loops : has_avx2() ? avx2::bfloat16_loops : baseline::bfloat16_loops;
  return best;
}
#else
template <>
const LoopTable<float> &loops<float>() { return baseline::float_loops; }
template <>
const LoopTable<uint16_t> &loops<uint16_t>() { return baseline::bfloat16_loops; }
#endif

}  // namespace ctorch
