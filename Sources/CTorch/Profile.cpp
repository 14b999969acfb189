// Time spent in each operator, exclusive of the operators it calls.
#include "CTorch.h"

#include <ATen/record_function.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Total {
  int64_t calls = 0;
  double seconds = 0;
};

struct Frame : at::ObserverContext {
  Clock::time_point start = Clock::now();
  double inside_children = 0;
  Frame *parent = nullptr;
};

std::mutex lock;
std::map<std::string, Total> totals;
std::vector<std::pair<std::string, Total>> finished;
std::optional<at::CallbackHandle> handle;
thread_local Frame *innermost = nullptr;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction &) {
  auto frame = std::make_unique<Frame>();
  frame->parent = innermost;
  innermost = frame.get();
  return frame;
}

void leave(const at::RecordFunction &function, at::ObserverContext *context) {
  auto *frame = static_cast<Frame *>(context);
  double whole = std::chrono::duration<double>(Clock::now() - frame->start).count();
  innermost = frame->parent;
  if (frame->parent) frame->parent->inside_children += whole;
  std::lock_guard<std::mutex> guard(lock);
  auto &total = totals[function.name()];
  total.calls += 1;
  total.seconds += whole - frame->inside_children;
}

}  // namespace

void ct_profile_start(void) {
  if (handle) ct_profile_stop();
  totals.clear();
  handle = at::addGlobalCallback(at::RecordFunctionCallback(enter, leave).scopes({at::RecordScope::FUNCTION}));
}

int32_t ct_profile_stop(void) {
  if (handle) at::removeCallback(*handle);
  handle.reset();
  std::lock_guard<std::mutex> guard(lock);
  finished.assign(totals.begin(), totals.end());
  return static_cast<int32_t>(finished.size());
}

ct_profile_entry ct_profile_get(int32_t index) {
  if (index < 0 || static_cast<size_t>(index) >= finished.size()) return {"", 0, 0};
  const auto &[name, total] = finished[index];
  return {name.c_str(), total.calls, total.seconds};
}
