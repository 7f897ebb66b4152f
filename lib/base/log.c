#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_OCTETS 1024

static enum log_level level_max = LOG_LINE_INFO;

void log_set_level(enum log_level max)
{
	level_max = max;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	size_t n = 0;
	va_list ap;
	int r;

	if (level > level_max)
		return;
	if (getenv("JOURNAL_STREAM"))
		n = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	va_start(ap, fmt);
	r = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (r < 0)
		return;
	n += (size_t)r;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n); /* nowhere to report a failing log */
}

const char *log_text(struct log_buf *room, struct span text)
{
	size_t n = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX;
	char *out = room->s;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = text.ptr[i];

		if (c > 0x20 && c < 0x7f && c != '\\')
			*out++ = (char)c;
		else
			out += snprintf(out, 5, "\\x%02x", c);
	}
	(void)snprintf(out, 4, "%s", n < text.len ? "..." : "");
	return room->s;
}
