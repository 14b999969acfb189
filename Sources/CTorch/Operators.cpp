// Every operator of libtorch through one function: the dispatcher, boxed.
#include "Bridge.hpp"

#include <ATen/ops/empty.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include <string>
#include <unordered_map>

using namespace ctorch;

namespace {

const c10::OperatorHandle &find(const char *name) {
  // Names are string constants, so their address is enough of a key.
  thread_local std::unordered_map<const void *, c10::OperatorHandle> known;
  if (auto found = known.find(name); found != known.end()) return found->second;
  std::string full = name;
  std::string overload;
  if (auto dot = full.find('.'); dot != std::string::npos) {
    overload = full.substr(dot + 1);
    full.resize(dot);
  }
  auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(full.c_str(), overload.c_str());
  return known.emplace(name, handle).first->second;
}

/// The type behind `T?`.
c10::TypePtr unwrapped(c10::TypePtr type) {
  while (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
  return type;
}

c10::IValue tensors_value(const ct_value &value, const c10::TypePtr &type) {
  auto list = type->cast<c10::ListType>();
  if (list && list->getElementType()->kind() == c10::TypeKind::OptionalType) {
    c10::List<std::optional<at::Tensor>> tensors;
    for (int32_t i = 0; i < value.count; ++i) {
      if (value.tensors[i]) tensors.push_back(borrow(value.tensors[i]));
      else tensors.push_back(std::nullopt);
    }
    return tensors;
  }
  c10::List<at::Tensor> tensors;
  for (int32_t i = 0; i < value.count; ++i) tensors.push_back(borrow(value.tensors[i]));
  return tensors;
}

c10::IValue boxed(const ct_value &value, const c10::Argument &formal) {
  auto type = unwrapped(formal.type());
  switch (value.kind) {
  case CT_TENSOR: return borrow(value.tensor);
  case CT_INT:
    if (type->kind() == c10::TypeKind::FloatType) return static_cast<double>(value.i);
    if (type->kind() == c10::TypeKind::ListType) return c10::List<int64_t>({value.i});
    return value.i;
  case CT_DOUBLE: return value.d;
  case CT_BOOL: return value.i != 0;
  case CT_STRING: return std::string(value.string);
  case CT_DEVICE: return device_from(value.i);
  case CT_GENERATOR: return generator_of(value.generator);
  case CT_INTS: return c10::List<int64_t>(at::ArrayRef<int64_t>(value.ints, value.count));
  case CT_DOUBLES: return c10::List<double>(at::ArrayRef<double>(value.doubles, value.count));
  case CT_BOOLS: {
    c10::List<bool> flags;
    for (int32_t i = 0; i < value.count; ++i) flags.push_back(value.ints[i] != 0);
    return flags;
  }
  case CT_TENSORS: return tensors_value(value, type);
  case CT_DEFAULT:
    TORCH_CHECK(formal.default_value().has_value(), "argument '", formal.name(), "' has no default");
    return *formal.default_value();
  default: return {};
  }
}

}  // namespace

int32_t ct_call(const char *name, const ct_value *arguments, int32_t argument_count, ct_value *results,
                int32_t *count) {
  return fenced<>(0, [&] {
    const auto &handle = find(name);
    const auto &formals = handle.schema().arguments();
    TORCH_CHECK(static_cast<size_t>(argument_count) <= formals.size(), name, " takes ", formals.size(),
                " arguments, got ", argument_count);
    torch::jit::Stack stack;
    stack.reserve(formals.size());
    for (size_t i = 0; i < formals.size(); ++i) {
      ct_value absent{CT_DEFAULT, 0, {0}};
      stack.push_back(boxed(i < static_cast<size_t>(argument_count) ? arguments[i] : absent, formals[i]));
    }
    handle.callBoxed(stack);

    int32_t capacity = *count, written = 0;
    auto put = [&](ct_value value) {
      TORCH_CHECK(written < capacity, name, " returned more than ", capacity, " values");
      results[written++] = value;
    };
    auto put_tensor = [&](at::Tensor tensor) {
      ct_value value{CT_TENSOR, 0, {0}};
      value.tensor = give(std::move(tensor));
      put(value);
    };
    for (auto &result : stack) {
      if (result.isTensor()) {
        put_tensor(std::move(result).toTensor());
      } else if (result.isTensorList()) {
        for (const auto &tensor : result.toTensorVector()) put_tensor(tensor);
      } else if (result.isInt() || result.isBool()) {
        ct_value value{CT_INT, 0, {0}};
        value.i = result.isInt() ? result.toInt() : result.toBool();
        put(value);
      } else if (result.isDouble()) {
        ct_value value{CT_DOUBLE, 0, {0}};
        value.d = result.toDouble();
        put(value);
      } else {
        TORCH_CHECK(false, name, " returned a ", result.tagKind(), ", which has no C form");
      }
    }
    *count = written;
    return 1;
  });
}

// oneDNN's product is an operator too, but its list of optional scalars has no C form.
static const std::optional<c10::OperatorHandle> &onednn_linear() {
  static const auto handle = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  return handle;
}

bool ct_has_onednn(void) {
#if defined(__x86_64__)
  return onednn_linear().has_value();
#else
  return false;
#endif
}

ct_tensor *ct_onednn_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    TORCH_CHECK(onednn_linear().has_value(), "this engine has no oneDNN");
    auto optional_number = c10::OptionalType::create(c10::NumberType::get());
    torch::jit::Stack stack{borrow(x), borrow(weight), bias ? c10::IValue(borrow(bias)) : c10::IValue(), "none",
                            c10::impl::GenericList(optional_number), c10::IValue()};
    onednn_linear()->callBoxed(stack);
    return give(std::move(stack.at(0)).toTensor());
  });
}

// libtorch has no header for it; where a version lacks it, the reference is null.
namespace at::native {
#if defined(__linux__) && defined(__x86_64__)
__attribute__((weak)) void mkldnn_matmul(const Tensor &left, const Tensor &right, const Tensor &result, float beta,
                                         float alpha);
#else
static constexpr void (*mkldnn_matmul)(const Tensor &, const Tensor &, const Tensor &, float, float) = nullptr;
#endif
}  // namespace at::native

bool ct_has_onednn_matmul(void) { return at::native::mkldnn_matmul != nullptr; }

ct_tensor *ct_onednn_matmul(const ct_tensor *left, const ct_tensor *right, ct_tensor *sum, double alpha) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] {
    RECORD_FUNCTION("peft::onednn_matmul", c10::ArrayRef<const c10::IValue>());
    auto a = borrow(left), b = borrow(right);
    TORCH_CHECK((a.dim() == 2 || a.dim() == 3) && b.dim() == a.dim() && a.size(-1) == b.size(-2) &&
                    (a.dim() == 2 || a.size(0) == b.size(0)),
                "onednn_matmul: ", a.sizes(), " @ ", b.sizes());
    TORCH_CHECK(ct_has_onednn_matmul() && a.is_cpu() && b.is_cpu() && a.scalar_type() == at::kFloat &&
                    b.scalar_type() == at::kFloat,
                "onednn_matmul takes float32 on the CPU");
    auto shape = a.sizes().vec();
    shape.back() = b.size(-1);
    auto y = sum ? borrow(sum) : at::empty(shape, a.options());
    TORCH_CHECK(y.sizes() == shape && y.scalar_type() == at::kFloat, "onednn_matmul: a sum of ", y.sizes());
    at::native::mkldnn_matmul(a, b, y, sum ? 1.0f : 0.0f, static_cast<float>(alpha));
    return give(y);
  });
}
