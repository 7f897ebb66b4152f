/* daemons/ocf-fwupd/media.h - media that may carry firmware: the configured folders, and those in
 * them, as a stick is mounted there. */
#pragma once

#include "config.h"
#include "fw/offline.h"

struct loop;
struct media_watch;

/* A folder for each, at most OFFLINE_MEDIA, in the order of the configuration and then of names;
 * those with a manifest for this device. How many; *ret_print changes with any of these manifests.
 */
size_t media_find(const struct fwupd_config *c, char ret[OFFLINE_MEDIA][OFFLINE_PATH],
		  uint64_t *ret_print);

/* Calls fn when another manifest is there than before, also after the start: a medium was put in.
 * Nothing is watched if no folder is configured. -ENOMEM. */
MUST_USE int media_watch_new(struct media_watch **ret, const struct fwupd_config *c,
			     struct loop *loop, void (*fn)(void *arg), void *arg);
struct media_watch *media_watch_free(struct media_watch *w); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct media_watch *, media_watch_free)
