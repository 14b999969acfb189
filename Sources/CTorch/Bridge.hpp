// What every file of the shim shares: handles to tensors and back, and the fence that stops exceptions.
#pragma once

#include "CTorch.h"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <new>

namespace ctorch {

inline at::TensorImpl *impl(const ct_tensor *tensor) {
  return reinterpret_cast<at::TensorImpl *>(const_cast<ct_tensor *>(tensor));
}

/// A tensor sharing the handle's object; null is an undefined tensor.
inline at::Tensor borrow(const ct_tensor *tensor) {
  if (!tensor) return {};
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(impl(tensor)));
}

/// A handle owning one reference; an undefined tensor is null.
inline ct_tensor *give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  return reinterpret_cast<ct_tensor *>(tensor.unsafeReleaseTensorImpl());
}

/// Takes over the handle's reference.
inline at::Tensor take(ct_tensor *tensor) {
  if (!tensor) return {};
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(impl(tensor)));
}

inline at::Device device_from(int64_t packed) {
  auto type = static_cast<at::DeviceType>(packed >> 8);
  // Index 255 stands for "the current one".
  int index = static_cast<int>(packed & 0xff);
  return at::Device(type, type == at::kCPU || index == 255 ? -1 : static_cast<at::DeviceIndex>(index));
}

inline int32_t pack(at::Device device) {
  int index = device.has_index() ? device.index() : 0;
  return ct_device(static_cast<int32_t>(device.type()), index);
}

at::Generator &generator_of(const ct_generator *generator);

/// The allocators say only in words that memory is short.
inline int32_t kind_of(std::string_view message) {
  bool is_memory = message.find("can't allocate memory") != std::string_view::npos ||
                   message.find("not enough memory") != std::string_view::npos;
  return is_memory ? CT_ERROR_MEMORY : CT_ERROR_OTHER;
}

/// Runs `body`; an exception becomes the thread's error and `failure` is returned.
template <typename Body, typename Result>
Result fenced(Result failure, Body body) noexcept {
  try {
    return body();
  } catch (const c10::OutOfMemoryError &error) {
    ct_set_error(error.what_without_backtrace(), CT_ERROR_MEMORY);
  } catch (const c10::NotImplementedError &error) {
    ct_set_error(error.what_without_backtrace(), CT_ERROR_UNSUPPORTED);
  } catch (const c10::Error &error) {
    ct_set_error(error.what_without_backtrace(), kind_of(error.what_without_backtrace()));
  } catch (const std::bad_alloc &) {
    ct_set_error("out of memory", CT_ERROR_MEMORY);
  } catch (const std::exception &error) {
    // What a gradient written outside C++ fails with comes back through here, as text.
    ct_set_error(error.what(), kind_of(error.what()));
  } catch (...) {
    ct_set_error("unknown failure in libtorch", CT_ERROR_OTHER);
  }
  return failure;
}

}  // namespace ctorch
