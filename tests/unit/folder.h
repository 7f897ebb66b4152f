/* tests/unit/folder.h - a folder of one test, whose name is its state; files in it go with it. */
#pragma once

#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static int folder_make(void **state)
{
	char *name = strdup("/tmp/ocfgw-test.XXXXXX");

	*state = name;
	return name && mkdtemp(name) ? 0 : -1;
}

static int folder_remove(void **state)
{
	char *name = *state;
	DIR *d = opendir(name);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		(void)closedir(d);
	(void)rmdir(name);
	free(name);
	return 0;
}
