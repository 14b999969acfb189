/* libcurl, opened when it is first needed: programs that never reach the network need neither it nor its headers.

   libcurl sets options with a variadic function, which Swift cannot call; each kind of value has a function here.
   The numbers are those of curl/curl.h, which are part of libcurl's ABI. */

#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>
#include <stdint.h>

enum {
  CCURL_LOW_SPEED_LIMIT = 19,
  CCURL_LOW_SPEED_TIME = 20,
  CCURL_NOBODY = 44,
  CCURL_UPLOAD = 46,
  CCURL_FRESH_CONNECT = 74,
  CCURL_CONNECTTIMEOUT = 78,
  CCURL_NOSIGNAL = 99,
  CCURL_PROTOCOLS = 181,
  CCURL_WRITEDATA = 10001,
  CCURL_URL = 10002,
  CCURL_READDATA = 10009,
  CCURL_HTTPHEADER = 10023,
  CCURL_HEADERDATA = 10029,
  CCURL_CUSTOMREQUEST = 10036,
  CCURL_CAINFO = 10065,
  CCURL_NOPROXY = 10177,
  CCURL_WRITEFUNCTION = 20011,
  CCURL_READFUNCTION = 20012,
  CCURL_HEADERFUNCTION = 20079,
  CCURL_INFILESIZE_LARGE = 30115,
};

/* Bits of CCURL_PROTOCOLS. */
enum { CCURL_PROTOCOL_HTTP = 1, CCURL_PROTOCOL_HTTPS = 2 };

typedef size_t (*ccurl_transfer)(char *bytes, size_t size, size_t count, void *context);

/* NULL when libcurl is there, else why it is not. */
const char *ccurl_load(void);

/* A connection that lives through several exchanges; NULL when there is no memory. Only after ccurl_load(). */
void *ccurl_new(void);
void ccurl_free(void *handle);
/* Forgets every option, and keeps connections open. */
void ccurl_reset(void *handle);

int ccurl_set_long(void *handle, int option, long value);
int ccurl_set_size(void *handle, int option, int64_t value);
int ccurl_set_pointer(void *handle, int option, const void *value);
int ccurl_set_transfer(void *handle, int option, ccurl_transfer function);

/* The list with a copy of `line` at its end; NULL when there is no memory. */
void *ccurl_list_append(void *list, const char *line);
void ccurl_list_free(void *list);

/* 0, or the number of what went wrong. */
int ccurl_perform(void *handle);
const char *ccurl_text(int code);

#endif
