// Rows of packed weights as bfloat16, 32 elements at a time: a table of the values that codes stand for, and one
// instruction that looks 32 of them up. What comes out equals what the plain loops write.
#include "Loops.hpp"

#include "CTorch.h"

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#define PACKED_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,bmi2")))

namespace ctorch {

/// How far ahead of a row's codes memory is asked for more: further than the processor looks by itself.
constexpr int64_t ahead = 2048;

/// Sixteen values as bfloat16, in the lower half.
PACKED_TARGET static inline __m512i table(__m512 values) {
  return _mm512_castsi256_si512((__m256i)_mm512_cvtneps_pbh(values));
}

/// The scales of a lookup's blocks, one after the other; divisions would take longer than all that is done with a block.
struct Scales {
  const PackedWeight &w;
  int64_t block, nest, left;

  Scales(const PackedWeight &w, int64_t block)
      : w(w), block(block), nest(w.scales ? 0 : block / w.nested_block),
        left(w.scales ? 0 : w.nested_block - block % w.nested_block) {}

  float next() {
    if (w.scales) return w.scales[block++];
    if (left == 0) ++nest, left = w.nested_block;
    --left;
    return w.nested_values[w.scale_codes[block++]] * w.nested_scales[nest] + w.offset;
  }
};

/// What the codes 0 to 15 of a group stand for.
PACKED_TARGET static inline __m512 group_values(const PackedWeight &w, int64_t place) {
  const __m512 codes = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  float zero = w.zeros ? w.zeros[place] : w.real_zeros[place];
  return _mm512_mul_ps(_mm512_sub_ps(codes, _mm512_set1_ps(zero)), _mm512_set1_ps(w.scales[place]));
}

/// 32 codes of `bits` bits, a byte for each, in their order.
template <int bits>
PACKED_TARGET static inline __m256i unpacked(const uint8_t *codes) {
  if constexpr (bits == 4) {
    // The first is in the upper half of its byte.
    __m256i words = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)));
    __m256i second = _mm256_and_si256(_mm256_slli_epi16(words, 8), _mm256_set1_epi16(0x0f00));
    return _mm256_or_si256(_mm256_srli_epi16(words, 4), second);
  } else {
    // Two loads hold all of them, and reach over neither end.
    constexpr uint64_t places = bits == 2 ? 0x0303030303030303 : 0x0707070707070707;
    uint64_t low, high;
    __builtin_memcpy(&low, codes, 8);
    if constexpr (bits == 2) high = low >> 32;
    else {
      __builtin_memcpy(&high, codes + 4, 8);
      high >>= 16;
    }
    return _mm256_set_epi64x(_pdep_u64(high >> 8 * bits, places), _pdep_u64(high, places),
                             _pdep_u64(low >> 8 * bits, places), _pdep_u64(low, places));
  }
}

PACKED_TARGET static inline void store(uint16_t *y, __m512i values) { _mm512_storeu_si512(y, values); }

/// Elements `first` to `last` along memory (or of a row) with one table.
template <int bits>
PACKED_TARGET static inline void look_up(const uint8_t *codes, __m512i values, uint16_t *y, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i += 32) {
    const uint8_t *place = codes + i * bits / 8;
    _mm_prefetch(place + ahead, _MM_HINT_T0);
    store(y + i - first, _mm512_permutexvar_epi16(_mm512_cvtepu8_epi16(unpacked<bits>(place)), values));
  }
}

PACKED_TARGET static void lookup_row(const PackedWeight &w, uint16_t *y, int64_t row) {
  const __m512 values = _mm512_loadu_ps(w.values);
  int64_t element = row * w.columns, end = element + w.columns, stop = element - element % w.block;
  Scales scales(w, element / w.block);
  while (element < end) {
    stop = stop + w.block < end ? stop + w.block : end;
    look_up<4>(w.codes, table(_mm512_mul_ps(values, _mm512_set1_ps(scales.next()))), y, element, stop);
    y += stop - element, element = stop;
  }
}

template <int bits>
PACKED_TARGET static void grouped_row(const PackedWeight &w, uint16_t *y, int64_t row) {
  const uint8_t *codes = w.codes + row * (w.columns * bits / 8);
  for (int64_t group = 0; group < w.groups; ++group) {
    int64_t first = group * w.block, last = first + w.block < w.columns ? first + w.block : w.columns;
    look_up<bits>(codes, table(group_values(w, row * w.groups + group)), y + first, first, last);
  }
}

/// Two times sixteen float32 values as bfloat16.
PACKED_TARGET static inline void store(uint16_t *y, __m512 low, __m512 high) {
  store(y, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

PACKED_TARGET static inline __m128i sixteen(const uint8_t *codes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes));
}

PACKED_TARGET static void grouped_bytes_row(const PackedWeight &w, uint16_t *y, int64_t row) {
  const uint8_t *codes = w.codes + row * w.columns;
  for (int64_t group = 0, i = 0; group < w.groups; ++group) {
    int64_t place = row * w.groups + group, last = i + w.block < w.columns ? i + w.block : w.columns;
    __m512 scale = _mm512_set1_ps(w.scales[place]);
    __m512 zero = _mm512_set1_ps(w.zeros ? w.zeros[place] : w.real_zeros[place]);
    for (; i < last; i += 32) {
      _mm_prefetch(codes + i + ahead, _MM_HINT_T0);
      __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(sixteen(codes + i)));
      __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(sixteen(codes + i + 16)));
      store(y + i, _mm512_mul_ps(_mm512_sub_ps(low, zero), scale), _mm512_mul_ps(_mm512_sub_ps(high, zero), scale));
    }
  }
}

PACKED_TARGET static void int8_row(const PackedWeight &w, uint16_t *y, int64_t row) {
  const uint8_t *codes = w.codes + row * w.columns;
  const __m512 scale = _mm512_set1_ps(w.scales[row]), unit = _mm512_set1_ps(7.874015718698502e-3f);
  for (int64_t i = 0; i < w.columns; i += 32) {
    _mm_prefetch(codes + i + ahead, _MM_HINT_T0);
    __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(sixteen(codes + i)));
    __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(sixteen(codes + i + 16)));
    store(y + i, _mm512_mul_ps(_mm512_mul_ps(low, scale), unit), _mm512_mul_ps(_mm512_mul_ps(high, scale), unit));
  }
}

/// Sixteen float8_e4m3fn: exponent and mantissa are those of a float whose exponent is 120 too small.
PACKED_TARGET static inline __m512 widened_float8(const uint8_t *codes) {
  __m512i bits = _mm512_cvtepu8_epi32(sixteen(codes)), magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7f));
  __m512 value = _mm512_mul_ps((__m512)_mm512_slli_epi32(magnitude, 20), _mm512_set1_ps(1.329227995784916e36f));
  __mmask16 none = _mm512_cmpeq_epi32_mask(magnitude, _mm512_set1_epi32(0x7f));
  value = _mm512_mask_mov_ps(value, none, _mm512_set1_ps(__builtin_nanf("")));
  return _mm512_or_ps(value, (__m512)_mm512_slli_epi32(_mm512_andnot_si512(_mm512_set1_epi32(0x7f), bits), 24));
}

PACKED_TARGET static void float8_row(const PackedWeight &w, uint16_t *y, int64_t row) {
  const uint8_t *codes = w.codes + row * w.columns;
  const float *scales = w.scales + row / w.row_block * w.groups;
  for (int64_t group = 0, i = 0; group < w.groups; ++group) {
    int64_t last = w.columns - i > w.block ? i + w.block : w.columns;
    __m512 scale = _mm512_set1_ps(scales[group]);
    for (; i < last; i += 32) {
      _mm_prefetch(codes + i + ahead, _MM_HINT_T0);
      __m512 low = widened_float8(codes + i), high = widened_float8(codes + i + 16);
      store(y + i, _mm512_mul_ps(low, scale), _mm512_mul_ps(high, scale));
    }
  }
}

using Row = void (*)(const PackedWeight &, uint16_t *, int64_t);

template <Row fill>
PACKED_TARGET static void fill_rows(const PackedWeight &w, uint16_t *y, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) fill(w, y + (row - first) * w.columns, row);
}

PackedBFloat16Rows packed_bfloat16_rows(const PackedWeight &w) {
  static const bool is_supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                                   __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("bmi2");
  // Rows and blocks of whole steps; others are for the plain loops.
  bool has_whole_blocks = w.block % 32 == 0 || (w.groups == 1 && w.layout != CT_PACKED_LOOKUP);
  if (!is_supported || w.columns % 32 || !has_whole_blocks) return nullptr;
  switch (w.layout) {
    case CT_PACKED_LOOKUP: return fill_rows<lookup_row>;
    case CT_PACKED_INT8: return fill_rows<int8_row>;
    case CT_PACKED_GROUPED:
      return w.bits == 2   ? fill_rows<grouped_row<2>>
             : w.bits == 3 ? fill_rows<grouped_row<3>>
             : w.bits == 4 ? fill_rows<grouped_row<4>>
                           : fill_rows<grouped_bytes_row>;
    default: return fill_rows<float8_row>;
  }
}

}  // namespace ctorch
#else
namespace ctorch {
PackedBFloat16Rows packed_bfloat16_rows(const PackedWeight &) { return nullptr; }
}  // namespace ctorch
#endif
