/* tests/unit/test.h - cmocka and what it forgets to include. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Whether files of ours are root's, as those of programs have to be: not for a plain user, and not
 * in a user namespace, where the system's own files are nobody's. */
static inline bool files_are_roots(void)
{
	struct stat st;

	return geteuid() == 0 && stat("/", &st) == 0 && st.st_uid == 0;
}
