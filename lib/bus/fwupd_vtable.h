/* lib/bus/fwupd_vtable.h - org.ocfgw.Firmware1 and its jobs, as dbus/ describes them. */
#pragma once

#include "base/mem.h"

struct bus;

#define FWUPD_BUS_NAME     "org.ocfgw.Firmware1"
#define FWUPD_URL_ROOM     ((size_t)2049)
#define FWUPD_VERSION_ROOM ((size_t)33)
#define FWUPD_TEXT_ROOM    ((size_t)256)
#define FWUPD_JOBS_MAX     ((size_t)8) /* that can be read; the oldest ended one gives way */

/* All properties but Version. Texts behind pointers live as long as the program. */
struct fwupd_facts {
	const char *state, *manufacturer, *model;
	uint32_t job; /* under way; 0: none */
	char current[FWUPD_VERSION_ROOM], pending[FWUPD_VERSION_ROOM];
	char available[FWUPD_VERSION_ROOM];
	const char *source;
	char url[FWUPD_URL_ROOM];
	const char *error;
	char error_server[FWUPD_URL_ROOM];
	uint64_t last_check;
};

struct fwupd_job_facts {
	const char *kind, *phase, *result, *error;
	char text[FWUPD_TEXT_ROOM];
	double percent;
	uint64_t octets, total;
};

enum fwupd_kind { FWUPD_CHECK, FWUPD_DOWNLOAD, FWUPD_INSTALL };

/* Texts are borrowed during the call. */
struct fwupd_options {
	const char *source; /* "local", "manufacturer", NULL: both */
	const char *url;    /* ask only there; NULL: discover */
	bool allow_downgrade, reinstall;
};

struct fwupd_history {
	uint64_t time, octets, usec;
	const char *kind, *result, *error, *source;
	char from[FWUPD_VERSION_ROOM], to[FWUPD_VERSION_ROOM];
	char url[FWUPD_URL_ROOM];
};

/* All but history are asked for by root only; Check, Download and Install also by ocf-secd, for the
 * owner of the device, who may say where to look and nothing else. */
struct fwupd_calls {
	/* 0 and the number of the new job (from 1); -EBUSY: one is under way; -EINVAL: no such
	 * source, or a URL that is none; other: it failed. */
	int (*start)(void *arg, enum fwupd_kind kind, const struct fwupd_options *o,
		     uint32_t *ret_job);
	/* 0; -EALREADY: it is over, or cannot be stopped any more. */
	int (*cancel)(void *arg, uint32_t job);
	/* Fills *ret with entry i, newest first; false: there is none. */
	bool (*history)(void *arg, size_t i, struct fwupd_history *ret);
};

struct fwupd_vtable;
/* Puts the objects on the bus; `calls` and `arg` are borrowed for life, `first` is copied.
 * -ENOMEM. */
MUST_USE int fwupd_vtable_new(struct fwupd_vtable **ret, struct bus *b,
			      const struct fwupd_facts *first, const struct fwupd_calls *calls,
			      void *arg);
struct fwupd_vtable *fwupd_vtable_free(struct fwupd_vtable *v); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct fwupd_vtable *, fwupd_vtable_free)

/* What the properties say from now on; PropertiesChanged names those that differ. */
void fwupd_vtable_update(struct fwupd_vtable *v, const struct fwupd_facts *now);
/* The signal UpdateAvailable. */
void fwupd_vtable_available(struct fwupd_vtable *v, const char *version);
/* The same for job `id`, whose object appears with its first facts; with a result that is not
 * empty for the first time, the signal Finished as well. */
void fwupd_vtable_job(struct fwupd_vtable *v, uint32_t id, const struct fwupd_job_facts *now);
/* The object of job `id` disappears. */
void fwupd_vtable_forget(struct fwupd_vtable *v, uint32_t id);
