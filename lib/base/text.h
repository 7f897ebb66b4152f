/* lib/base/text.h - texts for people, with parts that came from outside. */
#pragma once

#include "base/mem.h"

/* As snprintf(), but what it leaves is a line of UTF-8, which D-Bus and JSON demand: it ends
 * between two characters where room does, and whatever is no printable character there is a '?'. */
void text_put(char *ret, size_t room, const char *fmt, ...) PRINTF_LIKE(3, 4);
