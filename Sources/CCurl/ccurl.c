#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>

static struct {
  void *(*easy_init)(void);
  void (*easy_cleanup)(void *);
  void (*easy_reset)(void *);
  int (*easy_setopt)(void *, int, ...);
  int (*easy_perform)(void *);
  const char *(*easy_strerror)(int);
  void *(*slist_append)(void *, const char *);
  void (*slist_free_all)(void *);
} curl;

static const char *failure;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const names[] = {
#ifdef __APPLE__
    "libcurl.4.dylib", "/usr/lib/libcurl.4.dylib", "libcurl.dylib",
#else
    "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so",
#endif
};

static void *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  if (!symbol) failure = "libcurl lacks a function that is needed";
  return symbol;
}

static void load(void) {
  void *library = NULL;
  for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) {
    failure = "libcurl is not installed";
    return;
  }
  curl.easy_init = (void *(*)(void))find(library, "curl_easy_init");
  curl.easy_cleanup = (void (*)(void *))find(library, "curl_easy_cleanup");
  curl.easy_reset = (void (*)(void *))find(library, "curl_easy_reset");
  curl.easy_setopt = (int (*)(void *, int, ...))find(library, "curl_easy_setopt");
  curl.easy_perform = (int (*)(void *))find(library, "curl_easy_perform");
  curl.easy_strerror = (const char *(*)(int))find(library, "curl_easy_strerror");
  curl.slist_append = (void *(*)(void *, const char *))find(library, "curl_slist_append");
  curl.slist_free_all = (void (*)(void *))find(library, "curl_slist_free_all");
  int (*global_init)(long) = (int (*)(long))find(library, "curl_global_init");
  const long everything = 3;
  if (!failure && global_init(everything) != 0) failure = "libcurl cannot be initialized";
}

const char *ccurl_load(void) {
  pthread_once(&once, load);
  return failure;
}

void *ccurl_new(void) { return curl.easy_init(); }
void ccurl_free(void *handle) { curl.easy_cleanup(handle); }
void ccurl_reset(void *handle) { curl.easy_reset(handle); }

int ccurl_set_long(void *handle, int option, long value) { return curl.easy_setopt(handle, option, value); }
int ccurl_set_size(void *handle, int option, int64_t value) { return curl.easy_setopt(handle, option, value); }
int ccurl_set_pointer(void *handle, int option, const void *value) {
  return curl.easy_setopt(handle, option, value);
}
int ccurl_set_transfer(void *handle, int option, ccurl_transfer function) {
  return curl.easy_setopt(handle, option, function);
}

void *ccurl_list_append(void *list, const char *line) { return curl.slist_append(list, line); }
void ccurl_list_free(void *list) { curl.slist_free_all(list); }

int ccurl_perform(void *handle) { return curl.easy_perform(handle); }
const char *ccurl_text(int code) { return curl.easy_strerror(code); }
