/* lib/base/log.h - one line per event on standard error, with the journal's <n> prefix.
 *
 * Libraries log at debug only. A line reads `area: what happened key=value`; never a key, PIN,
 * token or body. Text of a peer goes through log_text(). */
#pragma once

#include "base/span.h"

enum log_level {
	LOG_LINE_ERROR = 3,   /* the service is impaired */
	LOG_LINE_WARNING = 4, /* refused or odd */
	LOG_LINE_NOTICE = 5,
	LOG_LINE_INFO = 6,  /* state change, owner change, update step */
	LOG_LINE_DEBUG = 7, /* per request */
};

#define LOG_TEXT_MAX ((size_t)64)

/* Lines above `max` are not written. Default: info. */
void log_set_level(enum log_level max);
/* The prefix is written only if the line goes to the journal (JOURNAL_STREAM is set). */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...)   log_line(LOG_LINE_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LINE_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LINE_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LINE_DEBUG, __VA_ARGS__)

struct log_buf {
	char s[LOG_TEXT_MAX * 4 + 4];
};

/* Peer text made safe: cut to LOG_TEXT_MAX octets, everything but printable ASCII as \xNN.
 * Usage: log_text(&(struct log_buf){0}, span). */
const char *log_text(struct log_buf *room, struct span text);
