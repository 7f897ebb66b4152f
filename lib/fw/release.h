/* lib/fw/release.h - os-release: which version a slot holds (os-release(5), IMAGE_VERSION). */
#pragma once

#include "base/buf.h"
#include "fw/version.h"

#define RELEASE_FILE_MAX ((size_t)64 * 1024)

/* The last IMAGE_VERSION of the text, with or without quotes. False: there is none that is a
 * firmware version; *ret is untouched. */
MUST_USE bool release_version(struct span text, struct fw_version *ret);
/* Appends the file that says so; `model` becomes IMAGE_ID, with '_' for what may not stand there.
 */
void release_write(const char *model, const struct fw_version *version, struct buf *out);
