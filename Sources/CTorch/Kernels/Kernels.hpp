// What kernels share: checks, element types and the engine's threads.
#pragma once

#include "../Bridge.hpp"
#include "Loops.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/record_function.h>

#include <atomic>

namespace ctorch {

/// Calls `body` with a null pointer of the element type that the loops use.
template <typename Body>
void with_element_type(const at::Tensor &tensor, Body body) {
  if (tensor.scalar_type() == at::kFloat) body(static_cast<float *>(nullptr));
  else if (tensor.scalar_type() == at::kBFloat16) body(static_cast<uint16_t *>(nullptr));
  else TORCH_CHECK(false, "fused kernels take float32 and bfloat16, got ", tensor.scalar_type());
}

template <typename T>
T *data(const at::Tensor &tensor) {
  return static_cast<T *>(tensor.data_ptr());
}

inline void check(const at::Tensor &tensor, const at::Tensor &like) {
  TORCH_CHECK(tensor.device().is_cpu() && tensor.is_contiguous() && tensor.scalar_type() == like.scalar_type(),
              "fused kernels take contiguous CPU tensors of one type");
}

/// Runs `body` on ranges of 0 to `count` on the engine's threads.
///
/// at::parallel_for is serial in code that is not compiled with OpenMP, which a package that others depend on cannot
/// ask for. An iterator over a tensor that nobody reads takes us to the one inside the engine.
template <typename Body>
void parallel(int64_t count, int64_t grain, Body body) {
  if (count <= grain || at::get_num_threads() == 1) {
    if (count > 0) body(0, count);
    return;
  }
  auto places = at::empty({count}, at::kByte);
  auto *start = static_cast<char *>(places.data_ptr());
  auto iterator = at::TensorIteratorConfig().check_all_same_dtype(false).resize_outputs(false).add_output(places).build();
  iterator.for_each(
      [&](char **data, const int64_t *, int64_t size) {
        int64_t first = data[0] - start;
        body(first, first + size);
      },
      grain);
}

/// The same in ranges of `chunk` that the threads take as they get done, for work whose pace the memory sets: the halves
/// of it never take two threads equally long.
template <typename Body>
void parallel_by_chunks(int64_t count, int64_t chunk, Body body) {
  int64_t threads = std::min<int64_t>(at::get_num_threads(), (count + chunk - 1) / chunk);
  std::atomic<int64_t> next{0};
  parallel(threads, 1, [&](int64_t, int64_t) {
    for (int64_t first; (first = next.fetch_add(chunk)) < count;) body(first, std::min(first + chunk, count));
  });
}

/// Rows so that a task has about 32,000 elements.
inline int64_t grain(int64_t size) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, size)); }

/// Runs `body` on the outputs of a product of `rows` rows with a weight [outputs, size].
///
/// For a row or two, one long stretch of memory for each thread is read the fastest. With more, threads get out of step:
/// they take about 65,000 weights at a time, a multiple of the kernels' blocks.
template <typename Body>
void parallel_over_outputs(int64_t rows, int64_t outputs, int64_t size, Body body) {
  if (rows <= 2) return parallel(outputs, grain(size), body);
  parallel_by_chunks(outputs, std::max<int64_t>(1, 65536 / std::max<int64_t>(1, size) / 12) * 12, body);
}

}  // namespace ctorch
