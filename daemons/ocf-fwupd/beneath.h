/* daemons/ocf-fwupd/beneath.h - opens files of a folder that somebody else has filled. */
#pragma once

#include "base/mem.h"

/* A regular file to read, by its path below `folder`: "/a/b". No symbolic link is followed,
 * nothing is waited for, and, where the kernel has openat2(2), no other file system entered.
 * -ENOENT; -EPERM: no regular file; -EINVAL: a path that leads up; and what openat2(2) gives, as
 * -ELOOP, -EXDEV. */
MUST_USE int beneath_open(int folder, const char *path, int *ret);
