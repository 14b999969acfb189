// Memory of large tensors: one range of addresses in which what is freed grows together again.
#include "Arena.hpp"

#if defined(__linux__)
#include <c10/core/Allocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <mutex>
#include <set>

namespace {

/// Smaller ones are the C allocator's: between large ones they would keep neighbours apart.
constexpr size_t smallest = 64 << 10;
/// What is left of a place is one of its own from here on.
constexpr size_t remainder = 16 << 10;

/// Gives the smallest free place that is large enough. The C allocator keeps large tensors among small things that live
/// on, and gives every thread but the first heaps of 64 MB at most: batches of ever new sizes leave holes there that never
/// become one. One heap for all threads is hardly better.
class Arena final : public c10::Allocator {
 public:
  Arena(char *base, size_t capacity) : base(base), capacity(capacity) {}

  c10::DataPtr allocate(size_t size) override {
    void *place = size < smallest ? nullptr : take(size);
    if (!place) place = c10::alloc_cpu(size);
    return {place, place, &release, c10::Device(c10::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }

  static Arena *shared;

 private:
  char *const base;
  const size_t capacity;
  /// Where nothing has been given out behind.
  size_t end = 0;
  /// Sizes by offset, of places in use and of free ones; the free ones by size.
  std::map<size_t, size_t> used, unused;
  std::set<std::pair<size_t, size_t>> sizes;
  std::mutex mutex;

  static void release(void *place) {
    auto offset = static_cast<size_t>(static_cast<char *>(place) - shared->base);
    if (place < shared->base || offset >= shared->capacity) c10::free_cpu(place);
    else shared->give_back(offset);
  }

  /// Null where there is no room left.
  void *take(size_t size) {
    // Rows of neighbours must not lie a power of two apart: they would push each other out of the cache.
    size = (size + 63) / 64 * 64 + 192;
    std::lock_guard guard(mutex);
    size_t offset = end;
    if (auto found = sizes.lower_bound({size, 0}); found != sizes.end()) {
      size_t whole = found->first;
      offset = found->second;
      forget(offset, whole);
      if (whole - size >= remainder) remember(offset + size, whole - size);
      else size = whole;
    } else {
      // The last place grows when it is free.
      if (auto last = unused.empty() ? unused.end() : std::prev(unused.end());
          last != unused.end() && last->first + last->second == end) {
        offset = last->first;
      }
      if (capacity - offset < size) return nullptr;
      if (offset < end) forget(offset, end - offset);
      end = offset + size;
    }
    used.emplace(offset, size);
    return base + offset;
  }

  void give_back(size_t offset) {
    std::lock_guard guard(mutex);
    auto place = used.find(offset);
    if (place == used.end()) return;
    size_t size = place->second;
    used.erase(place);
    auto next = unused.lower_bound(offset);
    if (next != unused.begin()) {
      if (auto before = std::prev(next); before->first + before->second == offset) {
        offset = before->first, size += before->second;
        forget(before->first, before->second);
      }
    }
    if (next != unused.end() && next->first == offset + size) {
      size += next->second;
      forget(next->first, next->second);
    }
    remember(offset, size);
  }

  void remember(size_t offset, size_t size) { unused.emplace(offset, size), sizes.emplace(size, offset); }
  void forget(size_t offset, size_t size) { sizes.erase({size, offset}), unused.erase(offset); }
};

Arena *Arena::shared = nullptr;

}  // namespace

/// Whether the system promises no more memory than it has; what is reserved here would then be nobody else's.
static bool promises_are_kept() {
  int policy = std::ifstream("/proc/sys/vm/overcommit_memory").get();
  return policy == '2';
}

void ctorch::install_arena() {
  if (promises_are_kept()) return;
  auto capacity = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void *base = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return;  // Address space is limited here: all memory is the C allocator's.
  madvise(base, capacity, MADV_HUGEPAGE);
  Arena::shared = new Arena(static_cast<char *>(base), capacity);
  c10::SetAllocator(c10::kCPU, Arena::shared, 1);
}
#else
void ctorch::install_arena() {}
#endif
