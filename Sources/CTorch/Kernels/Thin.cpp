// Products of a few rows with AVX-512: float32, and bfloat16 by the processor's own instruction, which adds pairs of
// products to float32 sums.
#include "Loops.hpp"

#include <cstring>

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#define THIN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace ctorch {

struct Float32 {
  using Element = float;
  using Vector = __m512;
  static constexpr int lanes = 16;
  /// Rows of w at a time for five and more rows of x; more would not find registers.
  static constexpr int block = 2;
  THIN_TARGET static Vector load(const float *values) { return _mm512_loadu_ps(values); }
  THIN_TARGET static Vector load(const float *values, int count) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), values);
  }
  THIN_TARGET static __m512 add(__m512 sum, Vector a, Vector b) { return _mm512_fmadd_ps(a, b, sum); }
  static float narrow(float x) { return x; }
};

struct BFloat16 {
  using Element = uint16_t;
  using Vector = __m512bh;
  static constexpr int lanes = 32;
  static constexpr int block = 3;
  THIN_TARGET static Vector load(const uint16_t *values) { return (Vector)_mm512_loadu_si512(values); }
  THIN_TARGET static Vector load(const uint16_t *values, int count) {
    return (Vector)_mm512_maskz_loadu_epi16((1u << count) - 1, values);
  }
  THIN_TARGET static __m512 add(__m512 sum, Vector a, Vector b) { return _mm512_dpbf16_ps(sum, a, b); }
  /// To the nearest, ties to even; NaN stays NaN.
  static uint16_t narrow(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    return static_cast<uint16_t>(x != x ? 0x7fc0 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
};

/// y = x W^T + bias for `rows` rows of x and `block` rows of w [block, size]; y [rows, outputs], bias may be null. x is interleaved,
/// [size / lanes, rows, lanes] with zeros at the end: rows a power of two apart would push each other out of the cache.
/// What follows w is asked for ahead: the way from memory is long, and the processor does not look as far by itself.
template <typename T, int rows, int block>
THIN_TARGET static void thin_block(const typename T::Element *w, const typename T::Element *x, const float *bias,
                                   typename T::Element *y, int64_t size, int64_t outputs) {
  __m512 sums[rows][block];
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < block; ++k) sums[row][k] = _mm512_setzero_ps();
  auto next = w + block * size;
  for (int64_t i = 0; i < size; i += T::lanes) {
    typename T::Vector columns[block];
    for (int k = 0; k < block; ++k) {
      auto column = w + k * size + i;
      columns[k] = size - i >= T::lanes ? T::load(column) : T::load(column, static_cast<int>(size - i));
      _mm_prefetch(next + k * size + i, _MM_HINT_T0);
    }
    for (int row = 0; row < rows; ++row) {
      auto values = T::load(x + i * rows + row * T::lanes);
      for (int k = 0; k < block; ++k) sums[row][k] = T::add(sums[row][k], columns[k], values);
    }
  }
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < block; ++k)
      y[row * outputs + k] = T::narrow(_mm512_reduce_add_ps(sums[row][k]) + (bias ? bias[k] : 0));
}

template <typename T>
constexpr int block_of(int rows) {
  return rows <= 4 ? 4 : T::block;
}

template <typename T, int rows>
THIN_TARGET static void thin_product(const void *weight, const void *input, const float *bias, void *output,
                                     int64_t first, int64_t last, int64_t size, int64_t outputs) {
  constexpr int block = block_of<T>(rows);
  auto w = static_cast<const typename T::Element *>(weight), x = static_cast<const typename T::Element *>(input);
  auto y = static_cast<typename T::Element *>(output);
  auto from = [&](int64_t place) { return bias ? bias + place : nullptr; };
  for (; first + block <= last; first += block)
    thin_block<T, rows, block>(w + first * size, x, from(first), y + first, size, outputs);
  for (; first < last; ++first)
    thin_block<T, rows, 1>(w + first * size, x, from(first), y + first, size, outputs);
}

template <typename T>
static void interleave(const void *input, void *output, int64_t rows, int64_t size) {
  auto x = static_cast<const typename T::Element *>(input);
  auto y = static_cast<typename T::Element *>(output);
  for (int64_t i = 0; i < size; i += T::lanes)
    for (int64_t row = 0; row < rows; ++row, y += T::lanes) {
      auto count = static_cast<size_t>(size - i < T::lanes ? size - i : T::lanes);
      if (count < T::lanes) std::memset(y, 0, T::lanes * sizeof(*y));
      std::memcpy(y, x + row * size + i, count * sizeof(*y));
    }
}

template <typename T, int rows>
static constexpr ThinProduct product_of = {T::lanes, block_of<T>(rows), interleave<T>, thin_product<T, rows>};

template <typename T>
static constexpr ThinProduct products[thin_rows] = {product_of<T, 1>, product_of<T, 2>, product_of<T, 3>,
                                                    product_of<T, 4>, product_of<T, 5>, product_of<T, 6>,
                                                    product_of<T, 7>, product_of<T, 8>};

const ThinProduct *thin_product_for(int64_t rows, bool is_bfloat16) {
  static const bool has_float32 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                  __builtin_cpu_supports("avx512vl");
  static const bool has_bfloat16 = has_float32 && __builtin_cpu_supports("avx512bf16");
  if (is_bfloat16) return has_bfloat16 ? &products<BFloat16>[rows - 1] : nullptr;
  // One or two rows of float32 are nothing but reading, at which the plain loops are the faster.
  return has_float32 && rows > 2 ? &products<Float32>[rows - 1] : nullptr;
}

}  // namespace ctorch
#else
namespace ctorch {
const ThinProduct *thin_product_for(int64_t, bool) { return nullptr; }
}  // namespace ctorch
#endif
