// Gradients: reverse passes, and custom functions whose backward is a C function pointer.
#include "Bridge.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::variable_list;

namespace {

variable_list borrow_all(ct_tensor *const *tensors, int32_t count) {
  variable_list list;
  list.reserve(count);
  for (int32_t i = 0; i < count; ++i) list.push_back(tensors ? borrow(tensors[i]) : at::Tensor());
  return list;
}

/// The caller's function with its context, which is released with the last graph that holds it.
struct Pullback : torch::CustomClassHolder {
  ct_pullback call;
  void *context;
  void (*release)(void *);

  Pullback(ct_pullback call, void *context, void (*release)(void *))
      : call(call), context(context), release(release) {}
  Pullback(const Pullback &) = delete;
  ~Pullback() override { release(context); }
};

/// Handles that go when the scope does.
struct Handles {
  std::vector<ct_tensor *> items;

  explicit Handles(size_t count) : items(count, nullptr) {}
  explicit Handles(const variable_list &tensors) {
    for (const auto &tensor : tensors) items.push_back(give(tensor));
  }
  ~Handles() {
    for (auto *item : items) ct_tensor_release(item);
  }
};

/// What the forward half of a custom function is given beside its inputs.
struct Computed {
  variable_list outputs;
  variable_list saved;
  c10::intrusive_ptr<Pullback> pullback;
};

struct CustomFunction : torch::autograd::Function<CustomFunction> {
  static variable_list forward(torch::autograd::AutogradContext *context, at::TensorList inputs,
                               const Computed *computed) {
    context->set_materialize_grads(false);
    context->save_for_backward(computed->saved);
    context->saved_data["pullback"] = c10::IValue::make_capsule(computed->pullback);
    context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    return computed->outputs;
  }

  static variable_list backward(torch::autograd::AutogradContext *context, variable_list gradients) {
    auto capsule = context->saved_data["pullback"].toCapsule();
    auto *pullback = static_cast<Pullback *>(capsule.get());
    auto inputs = context->saved_data["inputs"].toInt();
    Handles upstream(gradients), saved(context->get_saved_variables()), results(inputs);
    gradients.clear();  // the handles alone keep them, so that the callee may let go early
    if (!pullback->call(pullback->context, upstream.items.data(), saved.items.data(), results.items.data()))
      throw std::runtime_error(ct_error_message());
    variable_list list;
    for (auto *&item : results.items) list.push_back(take(std::exchange(item, nullptr)));
    list.emplace_back();  // `computed` has no gradient
    return list;
  }
};

}  // namespace

bool ct_tensor_requires_grad(const ct_tensor *tensor) { return borrow(tensor).requires_grad(); }

int32_t ct_tensor_set_requires_grad(ct_tensor *tensor, bool value) {
  return fenced<>(0, [&] { return borrow(tensor).set_requires_grad(value), 1; });
}

ct_tensor *ct_tensor_grad(const ct_tensor *tensor) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] { return give(borrow(tensor).grad()); });
}

int32_t ct_tensor_set_grad(ct_tensor *tensor, ct_tensor *gradient) {
  return fenced<>(0, [&] { return borrow(tensor).mutable_grad() = borrow(gradient), 1; });
}

bool ct_grad_mode(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_mode(bool enabled) { at::GradMode::set_enabled(enabled); }

int32_t ct_backward(ct_tensor *const *roots, ct_tensor *const *gradients, int32_t count, bool retain_graph) {
  return fenced<>(0, [&] {
    auto upstream = gradients ? borrow_all(gradients, count) : variable_list();
    torch::autograd::backward(borrow_all(roots, count), upstream, retain_graph, false);
    return 1;
  });
}

int32_t ct_gradients(ct_tensor *const *outputs, ct_tensor *const *output_gradients, int32_t output_count,
                     ct_tensor *const *inputs, int32_t input_count, bool retain_graph, bool create_graph,
                     ct_tensor **gradients) {
  return fenced<>(0, [&] {
    auto upstream = output_gradients ? borrow_all(output_gradients, output_count) : variable_list();
    auto results = torch::autograd::grad(borrow_all(outputs, output_count), borrow_all(inputs, input_count),
                                         upstream, retain_graph, create_graph, true);
    for (int32_t i = 0; i < input_count; ++i) gradients[i] = give(results[i]);
    return 1;
  });
}

int32_t ct_custom_function(ct_tensor *const *inputs, int32_t input_count, ct_tensor *const *outputs,
                           int32_t output_count, ct_tensor *const *saved, int32_t saved_count,
                           ct_pullback pullback, void *context, void (*release)(void *), ct_tensor **results) {
  return fenced<>(0, [&] {
    Computed computed{borrow_all(outputs, output_count), borrow_all(saved, saved_count),
                      c10::make_intrusive<Pullback>(pullback, context, release)};
    auto arguments = borrow_all(inputs, input_count);
    const Computed *pointer = &computed;
    auto made = CustomFunction::apply(at::TensorList(arguments), pointer);
    for (int32_t i = 0; i < output_count; ++i) results[i] = give(made[i]);
    return 1;
  });
}
