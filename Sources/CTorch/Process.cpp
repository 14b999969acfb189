// What concerns the whole process: memory policy, devices, threads.
#include "Arena.hpp"
#include "Bridge.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/version.h>

#include <dlfcn.h>
#if defined(__linux__)
#include <malloc.h>
#endif

#include <cstdlib>
#include <mutex>
#include <string>

using namespace ctorch;

/// The CUDA kernels register themselves when their library is loaded. Linking it would need a linker flag
/// that SwiftPM does not pass on, so it is opened at run time from where the CPU library lies.
static void load_cuda() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&at::set_num_threads), &info) || !info.dli_fname) return;
  std::string path = info.dli_fname;
  path.resize(path.find_last_of('/') + 1);
  dlopen((path + "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
}

void ct_initialize(void) {
  static std::once_flag once;
  std::call_once(once, [] {
#if defined(__GLIBC__)
    // Large temporaries that are mapped and unmapped at every use cost a third of a step in page faults.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 2000000000);
    mallopt(M_TOP_PAD, 64 << 20);
#endif
#if defined(__linux__)
    // oneDNN keeps the code of 1024 products; batches of ever new sizes fill that with most of a gigabyte, and are no
    // slower with less.
    setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128", 0);
    install_arena();
    load_cuda();
#endif
  });
}

const char *ct_version(void) { return TORCH_VERSION; }

int32_t ct_device_count(int32_t type) {
  return fenced<>(0, [&]() -> int32_t {
    if (type == CT_CPU) return 1;
    auto &context = at::globalContext();
    if (type == CT_MPS) return context.hasMPS() ? 1 : 0;
    if (type != CT_CUDA || !context.hasCUDA()) return 0;
    auto *guard = c10::impl::device_guard_impl_registry[static_cast<size_t>(at::kCUDA)].load();
    return guard ? guard->deviceCount() : 0;
  });
}

int32_t ct_threads(void) { return at::get_num_threads(); }
void ct_set_threads(int32_t count) {
  if (count > 0) at::set_num_threads(count);
}

int32_t ct_synchronize(int32_t device) {
  return fenced<>(0, [&] {
    auto target = device_from(device);
    if (target.is_cpu()) return 1;
    auto *guard = c10::impl::device_guard_impl_registry[static_cast<size_t>(target.type())].load();
    TORCH_CHECK(guard, "no such device");
    guard->synchronizeDevice(target.has_index() ? target.index() : 0);
    return 1;
  });
}
