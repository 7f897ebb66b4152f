/* lib/bus/fwupd_client.h - jobs of org.ocfgw.Firmware1 for another service; nothing blocks. */
#pragma once

#include "base/mem.h"

struct bus;
struct fwupd_client;

/* How the job is getting on. Texts are borrowed during the call. */
struct fwupd_client_news {
	const char *phase;  /* as the job's property; NULL: as before */
	const char *result; /* as the job's property, or "refused"; NULL: it goes on */
	const char *error;  /* of "failed": the job's error, or "" when the service is gone; of
			       "refused": the name of the D-Bus error */
};
typedef void (*fwupd_client_fn)(void *arg, const struct fwupd_client_news *news);

/* `b` and `arg` are borrowed for life. -ENOMEM. */
MUST_USE int fwupd_client_new(struct fwupd_client **ret, struct bus *b, fwupd_client_fn fn,
			      void *arg);
struct fwupd_client *fwupd_client_free(struct fwupd_client *c); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct fwupd_client *, fwupd_client_free)

/* Asks for a job ("Check", "Download", "Install"), starting the service if needed; `url` NULL:
 * none. fn hears of it until its end; an earlier one is not followed any more. May be called by fn.
 * -ENOTCONN: there is no bus. -ENOMEM. */
MUST_USE int fwupd_client_start(struct fwupd_client *c, const char *method, const char *url);
/* The job, if there is one, is not followed any more. */
void fwupd_client_drop(struct fwupd_client *c);
