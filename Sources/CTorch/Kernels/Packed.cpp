// Weights in few bits: rows made dense, and products of a few rows without that.
#include "Kernels.hpp"

#include <memory>

using namespace ctorch;

namespace {

/// The tensors of a packed weight, checked, and the pointers that the loops take.
struct Packed {
  at::Tensor codes, scales, zeros, values, nested_values, nested_scales;
  PackedWeight weight{};

  explicit Packed(const ct_packed_weight &w)
      : codes(borrow(w.codes)), scales(borrow(w.scales)), zeros(borrow(w.zeros)), values(borrow(w.values)),
        nested_values(borrow(w.nested_values)), nested_scales(borrow(w.nested_scales)) {
    check(codes, codes), check(scales, scales);
    TORCH_CHECK(w.rows >= 0 && w.columns > 0 && w.block > 0, "packed weight: ", w.rows, " x ", w.columns,
                " in blocks of ", w.block);
    weight.layout = w.layout, weight.bits = w.bits, weight.rows = w.rows, weight.columns = w.columns;
    weight.block = w.block, weight.row_block = w.row_block, weight.nested_block = w.nested_block;
    weight.groups = (w.columns + w.block - 1) / w.block;
    weight.offset = static_cast<float>(w.offset);
    weight.codes = static_cast<const uint8_t *>(codes.data_ptr());
    int64_t count = w.rows * w.columns;
    if (w.layout == CT_PACKED_LOOKUP) lookup(count);
    else if (w.layout == CT_PACKED_GROUPED) grouped(count);
    else if (w.layout == CT_PACKED_INT8) require(at::kChar, count, w.rows);
    else float8(count);
  }

 private:
  void require(at::ScalarType type, int64_t bytes, int64_t scale_count) {
    TORCH_CHECK(codes.scalar_type() == type && static_cast<int64_t>(codes.nbytes()) >= bytes &&
                    scales.scalar_type() == at::kFloat && scales.numel() >= scale_count,
                "packed weight: ", codes.sizes(), " codes and ", scales.sizes(), " scales for ", weight.rows, " x ",
                weight.columns);
    weight.scales = data<float>(scales);
  }

  void lookup(int64_t count) {
    check(values, values);
    int64_t blocks = (count + weight.block - 1) / weight.block;
    TORCH_CHECK(codes.scalar_type() == at::kByte && 2 * codes.numel() >= count && scales.numel() >= blocks &&
                    values.scalar_type() == at::kFloat && values.numel() == 16,
                "packed weight: ", codes.sizes(), " bytes and ", scales.sizes(), " scales for ", count, " elements");
    weight.values = data<float>(values);
    if (!nested_values.defined()) {
      TORCH_CHECK(scales.scalar_type() == at::kFloat, "packed weight: scales are ", scales.scalar_type());
      weight.scales = data<float>(scales);
      return;
    }
    check(nested_values, values), check(nested_scales, values);
    TORCH_CHECK(scales.scalar_type() == at::kByte && nested_values.numel() == 256 && weight.nested_block > 0 &&
                    nested_scales.numel() * weight.nested_block >= blocks,
                "packed weight: ", nested_scales.sizes(), " scales of ", scales.sizes(), " scales");
    weight.scale_codes = data<uint8_t>(scales);
    weight.nested_values = data<float>(nested_values), weight.nested_scales = data<float>(nested_scales);
  }

  void grouped(int64_t count) {
    int bits = weight.bits;
    // Codes that begin with a byte: those of a group must.
    int64_t whole = bits == 2 ? 4 : bits == 3 ? 8 : 1;
    TORCH_CHECK((bits == 2 || bits == 3 || bits == 4 || bits == 8) && weight.columns * bits % 8 == 0 &&
                    (weight.block % whole == 0 || weight.groups == 1),
                "packed weight: ", bits, " bits in ", weight.columns, " columns");
    require(at::kByte, count * bits / 8, weight.rows * weight.groups);
    check(zeros, zeros);
    TORCH_CHECK(zeros.numel() >= weight.rows * weight.groups, "packed weight: ", zeros.sizes(), " zeros");
    if (zeros.scalar_type() == at::kShort) weight.zeros = data<int16_t>(zeros);
    else {
      TORCH_CHECK(zeros.scalar_type() == at::kFloat, "packed weight: zeros are ", zeros.scalar_type());
      weight.real_zeros = data<float>(zeros);
    }
  }

  void float8(int64_t count) {
    TORCH_CHECK(weight.row_block > 0, "packed weight: blocks of ", weight.row_block, " rows");
    require(at::kFloat8_e4m3fn, count, (weight.rows + weight.row_block - 1) / weight.row_block * weight.groups);
  }
};

/// y = x W^T + bias in bfloat16, a few rows of W at a time in memory that stays in the nearest cache; undefined where
/// the processor or the sizes do not suit it.
at::Tensor narrow_product(const PackedWeight &w, const at::Tensor &x, const at::Tensor &bias, at::IntArrayRef shape,
                          int64_t rows) {
  auto fill = x.scalar_type() == at::kBFloat16 ? packed_bfloat16_rows(w) : nullptr;
  auto product = fill ? thin_product_for(rows, true) : nullptr;
  if (!product) return {};
  auto interleaved = at::empty({rows * (w.columns + product->lanes)}, x.options()), y = at::empty(shape, x.options());
  auto added = bias.defined() ? bias.to(at::kFloat).contiguous() : at::Tensor();
  TORCH_CHECK(!added.defined() || added.numel() == w.rows, "packed_linear: bias ", bias.sizes(), " for ", w.rows,
              " outputs");
  product->interleave(x.data_ptr(), interleaved.data_ptr(), rows, w.columns);
  int64_t height = std::max<int64_t>(1, 8192 / (w.columns * product->block)) * product->block;
  parallel_over_outputs(rows, w.rows, w.columns, [&](int64_t first, int64_t last) {
    std::unique_ptr<uint16_t[]> tile(new uint16_t[height * w.columns]);
    for (int64_t row = first; row < last; row += height) {
      int64_t end = std::min(row + height, last);
      fill(w, tile.get(), row, end);
      product->run(tile.get(), interleaved.data_ptr(), added.defined() ? data<float>(added) + row : nullptr,
                   data<uint16_t>(y) + row, 0, end - row, w.columns, w.rows);
    }
  });
  return y;
}

}  // namespace

int32_t ct_dequantize_rows(const ct_packed_weight *weight, int64_t first, int64_t last, ct_tensor *output) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::dequantize_rows", c10::ArrayRef<const c10::IValue>());
    Packed packed(*weight);
    auto y = borrow(output);
    check(y, y);
    int64_t columns = weight->columns;
    TORCH_CHECK(first >= 0 && first <= last && last <= weight->rows && y.numel() == (last - first) * columns,
                "dequantize_rows: rows ", first, " to ", last, " of ", weight->rows, " into ", y.sizes());
    if (auto fill = y.scalar_type() == at::kBFloat16 ? packed_bfloat16_rows(packed.weight) : nullptr) {
      parallel(last - first, grain(columns), [&](int64_t start, int64_t end) {
        fill(packed.weight, data<uint16_t>(y) + start * columns, first + start, first + end);
      });
      return 1;
    }
    with_element_type(y, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(last - first, grain(columns), [&](int64_t start, int64_t end) {
        loops<T>().dequantize(packed.weight, data<T>(y) + start * columns, first + start, first + end);
      });
    });
    return 1;
  });
}

ct_tensor *ct_packed_linear(const ct_packed_weight *weight, const ct_tensor *input, const ct_tensor *bias) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::packed_linear", c10::ArrayRef<const c10::IValue>());
    Packed packed(*weight);
    auto x = borrow(input);
    check(x, x);
    int64_t size = weight->columns, outputs = weight->rows, rows = x.numel() / size;
    TORCH_CHECK(x.dim() > 0 && x.size(-1) == size && rows >= 1 && rows <= thin_rows, "packed_linear: ", x.sizes(),
                " and ", outputs, " x ", size);
    auto shape = x.sizes().vec();
    shape.back() = outputs;
    if (auto y = narrow_product(packed.weight, x, bias ? borrow(bias) : at::Tensor(), shape, rows); y.defined())
      return give(y);
    auto wide = x.to(at::kFloat), y = at::empty(shape, wide.options());
    parallel_over_outputs(rows, outputs, size, [&](int64_t first, int64_t last) {
      loops<float>().packed_product[rows - 1](packed.weight, data<float>(wide), data<float>(y), first, last);
    });
    if (bias) y.add_(borrow(bias));
    return give(y.to(x.scalar_type()));
  });
}
