// Tensors as handles: making them from memory, and what they say of themselves.
#include "Bridge.hpp"

#include <ATen/Functions.h>

using namespace ctorch;

void ct_tensor_release(ct_tensor *tensor) {
  if (tensor) c10::intrusive_ptr<at::TensorImpl>::reclaim(impl(tensor));
}

ct_tensor *ct_tensor_retain(const ct_tensor *tensor) { return give(borrow(tensor)); }

ct_tensor *ct_tensor_from_memory(void *data, const int64_t *shape, int32_t dimensions, int32_t dtype,
                                 void *context, void (*release)(void *)) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    return give(at::from_blob(
        data, at::IntArrayRef(shape, dimensions), [context, release](void *) { release(context); }, options));
  });
}

ct_tensor *ct_tensor_from_bytes(const void *data, size_t bytes, const int64_t *shape, int32_t dimensions,
                                int32_t dtype) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    auto tensor = at::empty(at::IntArrayRef(shape, dimensions), options);
    TORCH_CHECK(tensor.nbytes() == bytes, "expected ", tensor.nbytes(), " bytes for this shape, got ", bytes);
    if (bytes) std::memcpy(tensor.data_ptr(), data, bytes);
    return give(std::move(tensor));
  });
}

int32_t ct_tensor_dimensions(const ct_tensor *tensor) { return static_cast<int32_t>(impl(tensor)->dim()); }
const int64_t *ct_tensor_shape(const ct_tensor *tensor) { return impl(tensor)->sizes().data(); }
const int64_t *ct_tensor_strides(const ct_tensor *tensor) { return impl(tensor)->strides().data(); }
int64_t ct_tensor_count(const ct_tensor *tensor) { return impl(tensor)->numel(); }
int32_t ct_tensor_dtype(const ct_tensor *tensor) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(impl(tensor)->dtype()));
}
int32_t ct_tensor_device(const ct_tensor *tensor) { return pack(impl(tensor)->device()); }
bool ct_tensor_is_contiguous(const ct_tensor *tensor) { return impl(tensor)->is_contiguous(); }

void *ct_tensor_data(const ct_tensor *tensor) {
  return fenced<>(static_cast<void *>(nullptr), [&]() -> void * {
    if (!impl(tensor)->device().is_cpu()) return nullptr;
    return borrow(tensor).data_ptr();
  });
}

int64_t ct_tensor_storage_uses(const ct_tensor *tensor) {
  return static_cast<int64_t>(impl(tensor)->storage().use_count());
}

const void *ct_tensor_storage(const ct_tensor *tensor) { return impl(tensor)->storage().unsafeGetStorageImpl(); }

int32_t ct_dtype_size(int32_t dtype) {
  return fenced<>(0, [&] { return static_cast<int32_t>(c10::elementSize(static_cast<at::ScalarType>(dtype))); });
}
