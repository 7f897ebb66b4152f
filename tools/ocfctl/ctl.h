/* tools/ocfctl/ctl.h - what the verbs of ocfctl share. */
#pragma once

#include "bus/client.h"
#include "codec/jsn.h"

/* Exit codes; documented in ocfctl(1). A job that failed has advice_exit() of its error. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_ABSENT = 3,  /* the service does not run */
	CTL_REFUSED = 4, /* not allowed: be root */
	CTL_NOTHING = 5, /* nothing to show or to do: no PIN wanted, no newer firmware, no window */
	CTL_RUNNING = 6, /* the job goes on, unwatched */
};

struct ctl {
	struct client *client;
	bool json, yes, terminal; /* --json, --yes, standard error is a terminal */
	uint32_t seconds;         /* --for */
	struct {
		const char *cert, *key, *trust, *dir, *group;
	} factory;
	struct { /* of jobs; NULL: not given */
		const char *source, *url, *transaction, *digest;
		bool allow_downgrade, reinstall, allow_metered, defer_reboot, retry_rejected,
			dry_run;
	} fw;
	char *const *words; /* operands */
	size_t n_words;
};

extern const struct client_object CTL_SECURITY, CTL_FIRMWARE;

#define JOB_INTERFACE "org.ocfgw.Firmware1.Job"
#define JOB_PATH      "/org/ocfgw/Firmware1/job/"

/* The number in the path of a job; 0: it is none. */
uint32_t ctl_job_number(const char *path);

/* The properties of an object as a JSON object; owned by the caller. NULL: *ret_error says why. */
struct jsn *ctl_properties(struct ctl *ctl, const struct client_object *o,
			   struct client_error *ret_error);
/* A client_fn: sets member `key` of the JSON object in `arg`. */
void ctl_collect(void *arg, const char *key, const struct client_value *value);
/* A text member of an object; "" if there is none. */
const char *ctl_text(const struct jsn *o, const char *name);
/* Prints v in two-space JSON; takes v. */
void ctl_print_json(struct jsn *v);
/* In one line, at once; v stays the caller's. */
void ctl_print_json_line(const struct jsn *v);
/* One line to standard error (JSON on standard output under --json) and the exit code for r. */
enum ctl_exit ctl_fail(const struct ctl *ctl, const char *what, int r,
		       const struct client_error *error);

enum ctl_exit ctl_status(struct ctl *ctl);
enum ctl_exit ctl_pin(struct ctl *ctl);
enum ctl_exit ctl_pair(struct ctl *ctl);
enum ctl_exit ctl_reset(struct ctl *ctl);
enum ctl_exit ctl_selftest(struct ctl *ctl);
enum ctl_exit ctl_resources(struct ctl *ctl);
enum ctl_exit ctl_factory_import(struct ctl *ctl);
enum ctl_exit ctl_fw_status(struct ctl *ctl);
enum ctl_exit ctl_fw_history(struct ctl *ctl);
enum ctl_exit ctl_fw_last(struct ctl *ctl);
enum ctl_exit ctl_fw_confirm(struct ctl *ctl);
enum ctl_exit ctl_fw_reject(struct ctl *ctl);
enum ctl_exit ctl_fw_check(struct ctl *ctl);
enum ctl_exit ctl_fw_download(struct ctl *ctl);
enum ctl_exit ctl_fw_install(struct ctl *ctl);
enum ctl_exit ctl_fw_install_bundle(struct ctl *ctl);
enum ctl_exit ctl_fw_describe(struct ctl *ctl);
enum ctl_exit ctl_fw_wait(struct ctl *ctl);
enum ctl_exit ctl_fw_cancel(struct ctl *ctl);
