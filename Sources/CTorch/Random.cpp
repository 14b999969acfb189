// Random number generators with a state of their own.
#include "Bridge.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

using namespace ctorch;

at::Generator &ctorch::generator_of(const ct_generator *generator) {
  return *reinterpret_cast<at::Generator *>(const_cast<ct_generator *>(generator));
}

static ct_generator *owned(at::Generator generator) {
  return reinterpret_cast<ct_generator *>(new at::Generator(std::move(generator)));
}

ct_generator *ct_generator_create(uint64_t seed, int32_t device) {
  return fenced<>(static_cast<ct_generator *>(nullptr), [&] {
    // A clone, so that the device's default generator is left alone.
    auto generator = at::globalContext().defaultGenerator(device_from(device)).clone();
    generator.set_current_seed(seed);
    return owned(std::move(generator));
  });
}

void ct_generator_release(ct_generator *generator) { delete &generator_of(generator); }

ct_tensor *ct_generator_state(const ct_generator *generator) {
  return fenced<>(static_cast<ct_tensor *>(nullptr), [&] { return give(generator_of(generator).get_state()); });
}

int32_t ct_generator_set_state(ct_generator *generator, const ct_tensor *state) {
  return fenced<>(0, [&] { return generator_of(generator).set_state(borrow(state)), 1; });
}

ct_generator *ct_default_generator(int32_t device) {
  return fenced<>(static_cast<ct_generator *>(nullptr),
                  [&] { return owned(at::globalContext().defaultGenerator(device_from(device))); });
}

static void seed(at::Device device, uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  generator.set_current_seed(seed);
}

int32_t ct_seed_all(uint64_t value) {
  return fenced<>(0, [&] {
    seed(at::kCPU, value);
    for (int32_t i = 0; i < ct_device_count(CT_CUDA); ++i)
      seed(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(i)), value);
    if (ct_device_count(CT_MPS)) seed(at::Device(at::kMPS, 0), value);
    return 1;
  });
}
