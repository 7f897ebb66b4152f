/* daemons/ocf-fwupd/key_file.h - reads files of keys, if nobody but their owner could have put them
 * there. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"

enum key_file {
	KEY_FILE_TRUST,  /* only its owner may write it */
	KEY_FILE_SECRET, /* and none but owner and group may read it */
};

/* `owner` owns the file and, if root does not, each directory on the way. No part of `path` is a
 * symbolic link, and no directory is writable by others, but for ones with the sticky bit; an
 * absolute path is checked from the root on. Appends the content, at most `out->max` octets.
 * -EPERM: *ret_why says what is too open (static text); -EFBIG, -ENOMEM, or what open and read
 * gave. */
MUST_USE int key_file_read(const char *path, enum key_file kind, uid_t owner, struct buf *out,
			   const char **ret_why);
