// Products of a few bfloat16 rows by the processor's own instruction for them: pairs of products in float32 sums.
#include "Loops.hpp"

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#define BFLOAT16_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace ctorch {

/// Elements `i` and the 31 that follow, as far as there are any.
BFLOAT16_TARGET static inline __m512bh load(const uint16_t *values, __mmask32 present) {
  return (__m512bh)_mm512_maskz_loadu_epi16(present, values);
}

/// y = x W^T for `rows` rows of x [rows, size] and `block` rows of w [block, size]; y [rows, outputs]. `next` is read
/// after this: the way from memory is long, and the processor does not look as far ahead by itself.
template <int rows, int block>
BFLOAT16_TARGET static void thin_block(const uint16_t *w, const uint16_t *x, float *y, int64_t size, int64_t outputs,
                                       const uint16_t *next) {
  __m512 sums[rows][block];
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < block; ++k) sums[row][k] = _mm512_setzero_ps();
  for (int64_t i = 0; i < size; i += 32) {
    __mmask32 present = size - i >= 32 ? ~0u : (1u << (size - i)) - 1;
    __m512bh columns[block];
    for (int k = 0; k < block; ++k) {
      columns[k] = load(w + k * size + i, present);
      if (next) _mm_prefetch(next + k * size + i, _MM_HINT_T0);
    }
    for (int row = 0; row < rows; ++row) {
      __m512bh values = load(x + row * size + i, present);
      for (int k = 0; k < block; ++k) sums[row][k] = _mm512_dpbf16_ps(sums[row][k], columns[k], values);
    }
  }
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < block; ++k) y[row * outputs + k] = _mm512_reduce_add_ps(sums[row][k]);
}

/// All rows with one block of w: by fours, so that sums and operands fit into the registers. Only the first four wait for
/// w; the others find it in the cache.
template <int rows, int block>
BFLOAT16_TARGET static void thin_rows_of(const uint16_t *w, const uint16_t *x, float *y, int64_t size, int64_t outputs) {
  constexpr int first = rows < 4 ? rows : 4;
  thin_block<first, block>(w, x, y, size, outputs, w + block * size);
  if constexpr (rows > first)
    thin_block<rows - first, block>(w, x + first * size, y + first * outputs, size, outputs, nullptr);
}

template <int rows>
BFLOAT16_TARGET static void thin_product(const uint16_t *w, const uint16_t *x, float *y, int64_t first, int64_t last,
                                         int64_t size, int64_t outputs) {
  for (; first + 4 <= last; first += 4) thin_rows_of<rows, 4>(w + first * size, x, y + first, size, outputs);
  for (; first < last; ++first) thin_rows_of<rows, 1>(w + first * size, x, y + first, size, outputs);
}

ThinBFloat16Product thin_bfloat16_product(int64_t rows) {
  static const bool is_supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16");
  static constexpr ThinBFloat16Product products[thin_rows] = {
      thin_product<1>, thin_product<2>, thin_product<3>, thin_product<4>,
      thin_product<5>, thin_product<6>, thin_product<7>, thin_product<8>};
  return is_supported ? products[rows - 1] : nullptr;
}

}  // namespace ctorch
#else
namespace ctorch {
ThinBFloat16Product thin_bfloat16_product(int64_t) { return nullptr; }
}  // namespace ctorch
#endif
