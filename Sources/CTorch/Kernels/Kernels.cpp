// Fused operations on CPU tensors of float32 and bfloat16: one pass where a composition takes many.
#include "Kernels.hpp"

using namespace ctorch;

int32_t ct_rms_norm(const ct_tensor *input, const ct_tensor *weight, double eps, ct_tensor **output,
                    ct_tensor **inverse) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::rms_norm", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(input), w = borrow(weight);
    check(x, x), check(w, x);
    int64_t size = w.numel(), rows = size ? x.numel() / size : 0;
    TORCH_CHECK(size == 0 || x.size(-1) == size, "rms_norm: ", size, " weights for ", x.sizes());
    auto y = at::empty_like(x), scales = at::empty({rows}, x.options().dtype(at::kFloat));
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        loops<T>().rms_norm_forward(data<T>(x), data<T>(w), data<T>(y), data<float>(scales), first, last, size,
                                    static_cast<float>(eps));
      });
    });
    *output = give(y), *inverse = give(scales);
    return 1;
  });
}

ct_tensor *ct_rms_norm_backward(const ct_tensor *gradient, const ct_tensor *input, const ct_tensor *weight,
                                const ct_tensor *inverse) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::rms_norm_backward", c10::ArrayRef<const c10::IValue>());
    auto g = borrow(gradient), x = borrow(input), w = borrow(weight), scales = borrow(inverse);
    check(g, x), check(x, x), check(w, x);
    int64_t size = w.numel(), rows = scales.numel();
    TORCH_CHECK(g.numel() == x.numel() && x.numel() == rows * size, "rms_norm_backward: sizes do not fit");
    auto dx = at::empty_like(x);
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        loops<T>().rms_norm_backward(data<T>(g), data<T>(x), data<T>(w), data<float>(scales), data<T>(dx), first, last,
                                     size);
      });
    });
    return give(dx);
  });
}

ct_tensor *ct_rotary(const ct_tensor *input, const ct_tensor *cosine, const ct_tensor *sine, bool backward) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::rotary", c10::ArrayRef<const c10::IValue>());
    // Forward: [b, t, h, d] to [b, h, t, d]. Backward: the other way round, turned back.
    auto x = borrow(input), c = borrow(cosine), s = borrow(sine);
    TORCH_CHECK(x.dim() == 4 && x.stride(3) == 1 && x.device().is_cpu(), "rotary: input must be 4-D on the CPU");
    check(c, x), check(s, x);
    int64_t batch = x.size(0), tokens = x.size(backward ? 2 : 1), heads = x.size(backward ? 1 : 2), size = x.size(3);
    TORCH_CHECK(c.sizes() == s.sizes() && c.size(-1) == size && size % 2 == 0 &&
                    (c.numel() == tokens * size || c.numel() == batch * tokens * size),
                "rotary: tables ", c.sizes(), " for ", x.sizes());
    int64_t table_stride = c.numel() == tokens * size ? 0 : tokens * size;
    auto y = at::empty(backward ? at::IntArrayRef{batch, tokens, heads, size} : at::IntArrayRef{batch, heads, tokens, size},
                       x.options());
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(batch * tokens, grain(heads * size), [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
          int64_t b = row / tokens, t = row % tokens;
          const T *cosines = data<T>(c) + b * table_stride + t * size, *sines = data<T>(s) + (cosines - data<T>(c));
          for (int64_t h = 0; h < heads; ++h) {
            const T *from = data<T>(x) + b * x.stride(0) + t * x.stride(backward ? 2 : 1) + h * x.stride(backward ? 1 : 2);
            T *to = data<T>(y) + b * y.stride(0) + t * y.stride(backward ? 1 : 2) + h * y.stride(backward ? 2 : 1);
            loops<T>().rotate(from, cosines, sines, to, size / 2, backward ? -1.0f : 1.0f);
          }
        }
      });
    });
    return give(y);
  });
}

ct_tensor *ct_silu_product(const ct_tensor *gate, const ct_tensor *up) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::silu_product", c10::ArrayRef<const c10::IValue>());
    auto g = borrow(gate), u = borrow(up);
    check(g, g), check(u, g);
    TORCH_CHECK(g.sizes() == u.sizes(), "silu_product: ", g.sizes(), " and ", u.sizes());
    auto y = at::empty_like(g);
    with_element_type(g, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(g.numel(), 16384, [&](int64_t first, int64_t last) {
        loops<T>().silu_product_forward(data<T>(g), data<T>(u), data<T>(y), first, last);
      });
    });
    return give(y);
  });
}

int32_t ct_silu_product_backward(const ct_tensor *gradient, const ct_tensor *gate, const ct_tensor *up,
                                 ct_tensor **gate_gradient, ct_tensor **up_gradient) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::silu_product_backward", c10::ArrayRef<const c10::IValue>());
    auto d = borrow(gradient), g = borrow(gate), u = borrow(up);
    check(d, g), check(g, g), check(u, g);
    TORCH_CHECK(g.sizes() == u.sizes() && d.numel() == g.numel(), "silu_product_backward: sizes do not fit");
    auto dg = at::empty_like(g), du = at::empty_like(g);
    with_element_type(g, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(g.numel(), 16384, [&](int64_t first, int64_t last) {
        loops<T>().silu_product_backward(data<T>(d), data<T>(g), data<T>(u), data<T>(dg), data<T>(du), first, last);
      });
    });
    *gate_gradient = give(dg), *up_gradient = give(du);
    return 1;
  });
}

ct_tensor *ct_cross_entropy_(ct_tensor *logits, const ct_tensor *targets) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::cross_entropy_", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(logits), ids = borrow(targets);
    check(x, x);
    TORCH_CHECK(x.dim() == 2 && ids.scalar_type() == at::kLong && ids.is_contiguous() && ids.numel() == x.size(0),
                "cross_entropy: targets do not fit logits ", x.sizes());
    int64_t rows = x.size(0), size = x.size(1);
    const auto *target = ids.const_data_ptr<int64_t>();
    for (int64_t row = 0; row < rows; ++row)
      TORCH_CHECK(target[row] >= 0 && target[row] < size, "cross_entropy: target ", target[row], " is not below ", size);
    auto losses = at::empty({rows}, x.options().dtype(at::kFloat));
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row)
          data<float>(losses)[row] = loops<T>().cross_entropy_row(data<T>(x) + row * size, size, target[row]);
      });
    });
    return give(losses);
  });
}

int32_t ct_causal_softmax_(ct_tensor *scores, int64_t queries, int64_t offset, double scale) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::causal_softmax_", c10::ArrayRef<const c10::IValue>());
    // [..., queries, keys]; a query at row r sees keys up to offset + r % queries.
    auto x = borrow(scores);
    check(x, x);
    int64_t size = x.size(-1), rows = size ? x.numel() / size : 0;
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row)
          loops<T>().softmax_row(data<T>(x) + row * size, std::min(size, offset + row % queries + 1), size,
                                 static_cast<float>(scale));
      });
    });
    return 1;
  });
}

int32_t ct_causal_softmax_backward_(const ct_tensor *probabilities, ct_tensor *gradient, int64_t queries,
                                    int64_t offset, double scale) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::causal_softmax_backward_", c10::ArrayRef<const c10::IValue>());
    auto p = borrow(probabilities), g = borrow(gradient);
    check(p, p), check(g, p);
    TORCH_CHECK(p.numel() == g.numel(), "causal_softmax_backward: sizes do not fit");
    int64_t size = p.size(-1), rows = size ? p.numel() / size : 0;
    with_element_type(p, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row)
          loops<T>().softmax_backward_row(data<T>(p) + row * size, data<T>(g) + row * size,
                                          std::min(size, offset + row % queries + 1), size, static_cast<float>(scale));
      });
    });
    return 1;
  });
}

int32_t ct_masked_softmax_(ct_tensor *scores, const ct_tensor *mask, double scale) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::masked_softmax_", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(scores), m = borrow(mask);
    check(x, x);
    TORCH_CHECK(x.dim() == 4 && m.dim() == 4 && m.scalar_type() == at::kBool && m.device().is_cpu() && m.size(1) == 1 &&
                    (m.size(0) == 1 || m.size(0) == x.size(0)) && (m.size(2) == 1 || m.size(2) == x.size(2)) &&
                    m.size(3) == x.size(3) && m.is_contiguous(),
                "masked_softmax: a mask ", m.sizes(), " for scores ", x.sizes());
    int64_t heads = x.size(1), queries = x.size(2), size = x.size(3);
    int64_t by_text = m.size(0) == 1 ? 0 : m.size(2) * size, by_query = m.size(2) == 1 ? 0 : size;
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(x.size(0) * heads * queries, grain(size), [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
          const bool *shown = data<bool>(m) + row / (heads * queries) * by_text + row % queries * by_query;
          loops<T>().softmax_masked_row(data<T>(x) + row * size, shown, size, static_cast<float>(scale));
        }
      });
    });
    return 1;
  });
}

ct_tensor *ct_dropout(const ct_tensor *input, double rate, uint64_t seed) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::dropout", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(input);
    check(x, x);
    TORCH_CHECK(rate >= 0 && rate < 1, "dropout: a rate of ", rate);
    auto y = at::empty_like(x);
    auto threshold = static_cast<uint32_t>(rate * 4294967296.0);
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(x.numel(), 16384, [&](int64_t first, int64_t last) {
        loops<T>().dropout(data<T>(x), data<T>(y), first, last, seed, threshold, static_cast<float>(1 / (1 - rate)));
      });
    });
    return give(y);
  });
}

ct_tensor *ct_scale_columns(const ct_tensor *input, const ct_tensor *factor, const ct_tensor *bias) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::scale_columns", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(input), f = borrow(factor), b = borrow(bias);
    check(x, x), check(f, f);
    int64_t size = f.numel(), rows = size ? x.numel() / size : 0;
    TORCH_CHECK(f.scalar_type() == at::kFloat && x.size(-1) == size, "scale_columns: factors do not fit ", x.sizes());
    if (b.defined()) {
      check(b, f);
      TORCH_CHECK(b.numel() == size, "scale_columns: bias does not fit");
    }
    auto y = at::empty_like(x);
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(rows, grain(size), [&](int64_t first, int64_t last) {
        loops<T>().scale_columns(data<T>(x), data<float>(f), b.defined() ? data<float>(b) : nullptr, data<T>(y), first,
                                 last, size);
      });
    });
    return give(y);
  });
}

int32_t ct_scale_columns_backward(const ct_tensor *gradient, const ct_tensor *input, const ct_tensor *factor,
                                  ct_tensor **input_gradient, ct_tensor **factor_gradient) {
  return fenced<>(0, [&] {
    RECORD_FUNCTION("peft::scale_columns_backward", c10::ArrayRef<const c10::IValue>());
    auto g = borrow(gradient), x = borrow(input), f = borrow(factor);
    check(g, x), check(x, x), check(f, f);
    int64_t size = f.numel(), rows = size ? x.numel() / size : 0;
    TORCH_CHECK(g.numel() == x.numel() && f.scalar_type() == at::kFloat, "scale_columns_backward: sizes do not fit");
    // A fixed number of partial sums keeps the result the same for the same number of threads.
    int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
    auto dx = at::empty_like(x), partial = at::zeros({parts, size}, f.options());
    with_element_type(x, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(parts, 1, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; ++part)
          loops<T>().scale_columns_backward(data<T>(g), data<T>(x), data<float>(f), data<T>(dx),
                                            data<float>(partial) + part * size, rows * part / parts,
                                            rows * (part + 1) / parts, size);
      });
    });
    *input_gradient = give(dx), *factor_gradient = give(partial.sum(0));
    return 1;
  });
}

ct_tensor *ct_thin_linear(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *bias) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::thin_linear", c10::ArrayRef<const c10::IValue>());
    auto x = borrow(input), w = borrow(weight);
    check(w, w), check(x, w);
    int64_t size = w.size(1), outputs = w.size(0), rows = size ? x.numel() / size : 0;
    TORCH_CHECK(w.dim() == 2 && x.dim() > 0 && x.size(-1) == size && rows >= 1 && rows <= thin_rows, "thin_linear: ",
                x.sizes(), " and weight ", w.sizes());
    auto shape = x.sizes().vec();
    shape.back() = outputs;
    if (auto product = thin_product_for(rows, w.scalar_type() == at::kBFloat16)) {
      auto interleaved = at::empty({rows * (size + product->lanes)}, x.options()), y = at::empty(shape, x.options());
      auto added = bias ? borrow(bias).to(at::kFloat).contiguous() : at::Tensor();
      TORCH_CHECK(!bias || added.numel() == outputs, "thin_linear: bias ", added.sizes(), " for ", outputs, " outputs");
      product->interleave(x.data_ptr(), interleaved.data_ptr(), rows, size);
      parallel_over_outputs(rows, outputs, size, [&](int64_t first, int64_t last) {
        product->run(w.data_ptr(), interleaved.data_ptr(), bias ? data<float>(added) : nullptr, y.data_ptr(), first,
                     last, size, outputs);
      });
      return give(y);
    }
    auto wide = x.to(at::kFloat), y = at::empty(shape, wide.options());
    with_element_type(w, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel_over_outputs(rows, outputs, size, [&](int64_t first, int64_t last) {
        loops<T>().thin_product[rows - 1](data<T>(w), data<float>(wide), data<float>(y), first, last, size, outputs);
      });
    });
    if (bias) y.add_(borrow(bias));
    return give(y.to(x.scalar_type()));
  });
}
