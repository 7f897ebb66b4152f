/* lib/fw/offline.h - manifests and images on a medium: URLs of what is asked for, and the files
 * that they mean (pure).
 *
 * A medium is a folder with the layout of a site's web server, or with a plain manifest.json. Its
 * files have URLs for people and for the history, file:///run/media/stick/manifest.json; what a
 * manifest says is resolved as if the folder were the root of a server of its own, so that nothing
 * in it can lead out of it. */
#pragma once

#include "fw/discover.h"

#define OFFLINE_HOST  "http://offline.invalid" /* no such name can exist: RFC 6761 6.4 */
#define OFFLINE_PATH  ((size_t)512)            /* room for a path in a medium */
#define OFFLINE_MEDIA ((size_t)8)              /* that are looked at */

/* "file:///folder": an absolute path, percent-encoded, without "." and "..". False: anything else,
 * also what does not fit; `ret` is the path. */
MUST_USE bool offline_folder(struct span url, char ret[OFFLINE_PATH]);
/* Adds what may be the manifest in folder `path`: both layouts, then manifest.json. -EINVAL: too
 * long, or no more room. */
MUST_USE int offline_add(struct discover_list *list, unsigned server, const struct discover *d,
			 const char *path);
/* The folder of a try that offline_add() made, and its file in there. */
MUST_USE bool offline_parts(const struct discover_try *try, char ret_folder[OFFLINE_PATH],
			    char ret_file[OFFLINE_PATH]);
/* As what the manifest in `file` counts: OFFLINE_HOST/file. False: too long. */
MUST_USE bool offline_base(const char *file, char ret[URL_MAX + 1]);
/* The file in the medium that such a URL, resolved, means. False: it means none. */
MUST_USE bool offline_file(struct span url, char ret[OFFLINE_PATH]);
