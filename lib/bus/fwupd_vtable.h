/* lib/bus/fwupd_vtable.h - org.ocfgw.Firmware1 and its jobs, as dbus/ describes them. */
#pragma once

#include "base/fwerr.h"
#include "bus/bus.h"

#define FWUPD_BUS_NAME     "org.ocfgw.Firmware1"
#define FWUPD_URL_ROOM     ((size_t)2049)
#define FWUPD_VERSION_ROOM ((size_t)33)
#define FWUPD_TEXT_ROOM    ((size_t)256)
#define FWUPD_ID_ROOM      ((size_t)65)
#define FWUPD_JOBS_MAX     ((size_t)8) /* that can be read; the oldest ended one gives way */
#define FWUPD_IMAGES_MAX   ((size_t)32)
#define FWUPD_DIGEST       ((size_t)32)
#define FWUPD_PAIRS_MAX    ((size_t)24)
#define FWUPD_MISSING_MAX  ((size_t)24)

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
	uint64_t next_check_us; /* CLOCK_BOOTTIME; 0: none */
	uint64_t floor;
	uint32_t inhibitors;    /* differs when they have changed */
	uint32_t confirmed;     /* 1: what runs is not on trial */
	uint32_t clock_trusted; /* 1: dates are judged by the clock, not by the lower bound */
	uint32_t attempts_left;
	uint64_t trial_deadline_us; /* as next_check_us */
	char trial_waits[FWUPD_TEXT_ROOM];
};

/* What an installation would lack, one by one. */
struct fwupd_missing {
	size_t n;
	struct {
		const char *name; /* lives as long as the program */
		char text[FWUPD_TEXT_ROOM];
	} at[FWUPD_MISSING_MAX];
};

struct fwupd_job_facts {
	const char *kind, *phase, *result, *error;
	char text[FWUPD_TEXT_ROOM];
	double percent;
	uint64_t octets, total;
	uint64_t rate, eta; /* octets/s, microseconds; UINT64_MAX: not known */
	uint64_t started;   /* seconds since 1970 */
	uint32_t initiator; /* user; UINT32_MAX: the timer */
	char transaction[FWUPD_ID_ROOM], component[FWUPD_ID_ROOM];
	struct fwupd_missing missing;
};

enum fwupd_kind { FWUPD_CHECK, FWUPD_DOWNLOAD, FWUPD_INSTALL };

/* What is installed from descriptors: all borrowed during the call. */
struct fwupd_bundle {
	int manifest;
	size_t n;
	int images[FWUPD_IMAGES_MAX]; /* in the order of the manifest */
};

/* Texts are borrowed during the call. */
struct fwupd_options {
	const char *source;      /* "local", "manufacturer", "offline"; NULL: servers */
	const char *url;         /* ask only there; NULL: discover */
	const char *transaction; /* shown in the history; NULL: none */
	bool allow_downgrade, reinstall, defer_reboot, allow_metered, dry_run, retry_rejected;
	bool has_digest; /* of the only manifest that is wanted: SHA-256 */
	uint8_t digest[FWUPD_DIGEST];
	const struct fwupd_bundle *bundle; /* NULL: from a server */
	int manifest;                      /* to be described; -1: from a server */
	uint32_t uid;                      /* who asks */
};

/* a{sv} to be; names and texts are borrowed. */
struct fwupd_dict {
	size_t n;
	struct fwupd_pair {
		const char *name;
		struct bus_value value;
	} at[FWUPD_PAIRS_MAX];
};
void fwupd_dict_str(struct fwupd_dict *d, const char *name, const char *s);
void fwupd_dict_num(struct fwupd_dict *d, const char *name, uint64_t t);

struct fwupd_description {
	struct fwupd_dict head;
	size_t n;
	struct fwupd_dict images[FWUPD_IMAGES_MAX];
};

struct fwupd_inhibitor {
	const char *what, *who, *why;
};

/* Why something was refused, for a D-Bus error. */
struct fwupd_refusal {
	enum fw_error error; /* FWE_OK: the argument is not what it has to be */
	char text[FWUPD_TEXT_ROOM];
};

struct fwupd_calls {
	/* 0 and the number of the new job (from 1); -EBUSY: one is under way; -EINVAL: no such
	 * source, or a URL that is none; -ECANCELED: *ret_why says it; other: it failed. */
	int (*start)(void *arg, enum fwupd_kind kind, const struct fwupd_options *o,
		     uint32_t *ret_job, struct fwupd_refusal *ret_why);
	/* 0; -EALREADY: it is over, or cannot be stopped any more. */
	int (*cancel)(void *arg, uint32_t job);
	/* Fills *ret with entry i, newest first; false: there is none. */
	bool (*history)(void *arg, size_t i, struct fwupd_dict *ret);
	/* The same with what is known of a job; false: nothing. */
	bool (*job)(void *arg, uint32_t job, struct fwupd_dict *ret);
	/* What a manifest says, that in `o->manifest` or (o NULL) that of the job under way; texts
	 * are borrowed until the next call. 0; -ECANCELED: *ret_why; other: it failed. */
	int (*describe)(void *arg, const struct fwupd_options *o, struct fwupd_description *ret,
			struct fwupd_refusal *ret_why);
	/* 0 and a descriptor for the caller, who holds up `what` while any copy of it is open.
	 * -EINVAL: no such thing, or no reason; -EMFILE: there are too many. */
	int (*inhibit)(void *arg, const char *what, const char *who, const char *why, int *ret_fd);
	bool (*inhibitor)(void *arg, size_t i, struct fwupd_inhibitor *ret);
	/* What runs is good; what runs, or waits for a boot, is given up. `slot`: "" for the one
	 * that it is about. 0; -EBUSY: a job is under way; -ECANCELED: *ret_why. */
	int (*confirm)(void *arg, const char *slot, struct fwupd_refusal *ret_why);
	int (*reject)(void *arg, const char *slot, const char *reason,
		      struct fwupd_refusal *ret_why);
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
/* The signal FreezeSuspected. */
void fwupd_vtable_freeze(struct fwupd_vtable *v, const char *source, const char *url,
			 uint64_t since);
/* The same for job `id`, whose object appears with its first facts; with a result that is not
 * empty for the first time, the signal Finished as well. */
void fwupd_vtable_job(struct fwupd_vtable *v, uint32_t id, const struct fwupd_job_facts *now);
/* The object of job `id` disappears. */
void fwupd_vtable_forget(struct fwupd_vtable *v, uint32_t id);
