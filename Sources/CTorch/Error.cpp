// The thread's last error.
#include "CTorch.h"

#include <string>

namespace {
thread_local std::string message;
thread_local int32_t kind = CT_ERROR_OTHER;
}  // namespace

void ct_set_error(const char *text, int32_t error_kind) {
  message = text ? text : "unknown failure";
  kind = error_kind;
}

const char *ct_error_message(void) { return message.c_str(); }
int32_t ct_error_kind(void) { return kind; }
