// Attention of one token a text, which is what a step of generation needs.
#include "CTorch.h"
#include "Kernels.hpp"

#include <vector>

using namespace ctorch;

/// The tokens of a head lie one after the other, d elements each, or further apart, as in a buffer with room to grow.
static void check_held(const at::Tensor &held, const at::Tensor &like) {
  TORCH_CHECK(held.device().is_cpu() && held.scalar_type() == like.scalar_type() && held.dim() == 4 &&
                  held.stride(3) == 1,
              "token_attention takes 4-D CPU tensors of one type");
}

ct_tensor *ct_token_attention(const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
                              const ct_tensor *mask, double scale) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::token_attention", c10::ArrayRef<const c10::IValue>());
    auto q = borrow(query), k = borrow(key), v = borrow(value), m = mask ? borrow(mask) : at::Tensor();
    check(q, q), check_held(k, q), check_held(v, q);
    int64_t batch = k.size(0), groups = k.size(1), keys = k.size(2), size = k.size(3);
    TORCH_CHECK(q.dim() == 4 && q.size(0) == batch && q.size(2) == 1 && q.size(3) == size && groups > 0 && keys > 0 &&
                    q.size(1) % groups == 0 && v.sizes() == k.sizes(),
                "token_attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
    TORCH_CHECK(!m.defined() || (m.scalar_type() == at::kBool && m.device().is_cpu() && m.is_contiguous() &&
                                 (m.numel() == keys || m.numel() == batch * keys)),
                "token_attention: a mask ", m.sizes(), " for ", batch, " x ", keys, " keys");
    int64_t heads = q.size(1) / groups, mask_step = m.defined() && m.numel() > keys ? keys : 0;
    auto y = at::empty({batch, 1, groups * heads * size}, q.options());
    with_element_type(q, [&](auto *type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallel(batch * groups, grain(2 * heads * keys * size), [&](int64_t first, int64_t last) {
        std::vector<float> room(static_cast<size_t>(heads * (keys + size)));
        for (int64_t item = first; item < last; ++item) {
          int64_t text = item / groups, group = item % groups;
          loops<T>().attend(data<T>(q) + item * heads * size, data<T>(k) + text * k.stride(0) + group * k.stride(1),
                            data<T>(v) + text * v.stride(0) + group * v.stride(1),
                            m.defined() ? data<bool>(m) + text * mask_step : nullptr, data<T>(y) + item * heads * size,
                            heads, keys, size, k.stride(2), v.stride(2), static_cast<float>(scale), room.data());
        }
      });
    });
    return give(y);
  });
}
