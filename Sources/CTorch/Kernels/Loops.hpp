// The inner loops of the fused kernels for the best instruction set that this processor has.
#pragma once

#include <cstdint>

namespace ctorch {

/// The most rows that `thin_product` takes.
constexpr int64_t thin_rows = 8;

/// A weight in few bits; see `ct_packed_weight`.
struct PackedWeight {
  int layout, bits;
  int64_t rows, columns, block, row_block, nested_block;
  /// Scales in a row.
  int64_t groups;
  const uint8_t *codes;
  /// Null when they are codes themselves.
  const float *scales;
  const uint8_t *scale_codes;
  const float *nested_values, *nested_scales;
  float offset;
  /// The sixteen values of a lookup.
  const float *values;
  /// One of them is null.
  const int16_t *zeros;
  const float *real_zeros;
};

template <typename T>
struct LoopTable {
  void (*rms_norm_forward)(const T *, const T *, T *, float *, int64_t, int64_t, int64_t, float);
  void (*rms_norm_backward)(const T *, const T *, const T *, const float *, T *, int64_t, int64_t, int64_t);
  void (*rotate)(const T *, const T *, const T *, T *, int64_t, float);
  void (*silu_product_forward)(const T *, const T *, T *, int64_t, int64_t);
  void (*silu_product_backward)(const T *, const T *, const T *, T *, T *, int64_t, int64_t);
  float (*cross_entropy_row)(T *, int64_t, int64_t);
  void (*softmax_row)(T *, int64_t, int64_t, float);
  void (*softmax_masked_row)(T *, const bool *, int64_t, float);
  void (*softmax_backward_row)(const T *, T *, int64_t, int64_t, float);
  void (*dropout)(const T *, T *, int64_t, int64_t, uint64_t, uint32_t, float);
  void (*scale_columns)(const T *, const float *, const float *, T *, int64_t, int64_t, int64_t);
  void (*scale_columns_backward)(const T *, const T *, const float *, T *, float *, int64_t, int64_t, int64_t);
  /// Rows of a packed weight.
  void (*dequantize)(const PackedWeight &, T *, int64_t, int64_t);
  /// For 1 to `thin_rows` rows.
  void (*thin_product[thin_rows])(const T *, const float *, float *, int64_t, int64_t, int64_t, int64_t);
  void (*packed_product[thin_rows])(const PackedWeight &, const float *, float *, int64_t, int64_t);
  void (*attend)(const T *, const T *, const T *, const bool *, T *, int64_t, int64_t, int64_t, int64_t, int64_t, float,
                 float *);
};

template <typename T>
const LoopTable<T> &loops();

/// A product of few rows by instructions of one kind of processor.
struct ThinProduct {
  /// Columns of x are rounded up to a multiple of these.
  int64_t lanes;
  /// Rows of W that are taken together.
  int64_t block;
  /// x [rows, size] in the order that `run` reads, `rows` times the rounded size.
  void (*interleave)(const void *x, void *interleaved, int64_t rows, int64_t size);
  /// y = x W^T + bias for outputs `first` to `last`; W [outputs, size], y [rows, outputs], bias null or [outputs].
  void (*run)(const void *w, const void *interleaved, const float *bias, void *y, int64_t first, int64_t last,
              int64_t size, int64_t outputs);
};

/// The product for 1 to `thin_rows` rows; null where the processor has none.
const ThinProduct *thin_product_for(int64_t rows, bool is_bfloat16);

/// Writes rows `first` to `last` of a packed weight as bfloat16.
using PackedBFloat16Rows = void (*)(const PackedWeight &, uint16_t *, int64_t, int64_t);

/// By instructions for bfloat16; null on processors without them, and for sizes that they do not fit.
PackedBFloat16Rows packed_bfloat16_rows(const PackedWeight &weight);

}  // namespace ctorch
