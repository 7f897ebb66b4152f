/* daemons/ocf-fwupd/folders.h - says when files or folders change, also those that are not there
 * yet. */
#pragma once

#include "base/mem.h"

#define FOLDERS_MAX ((size_t)16)

struct folders;
struct loop;

/* Absolute paths, each of a file or of a folder whose files count; `paths` are borrowed for life.
 * Of a symbolic link also what it leads to. Calls fn after each change. -E2BIG, -ENOMEM, and what
 * inotify gave. */
MUST_USE int folders_new(struct folders **ret, struct loop *loop, const char *const *paths,
			 size_t n, void (*fn)(void *arg), void *arg);
struct folders *folders_free(struct folders *f); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct folders *, folders_free)
