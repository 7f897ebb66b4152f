/* daemons/ocf-fwupd/app_parts.h - between the files of the service; nobody else includes it. */
#pragma once

#include "app.h"
#include "bus/bus.h"
#include "bus/fwupd_vtable.h"
#include "fw/occasion.h"
#include "fw/job.h"
#include "fw/plan.h"
#include "helper.h"
#include "state.h"
#include "watch.h"

struct bus_resolve;
struct loop_timer;

/* The answer of ocf-fw-write that the job waits for. */
enum awaited { AWAIT_NOTHING, AWAIT_SLOTS, AWAIT_BEGIN, AWAIT_IMAGE, AWAIT_COMMIT };

/* The job under way, and only while it is. */
struct run {
	uint32_t id;
	struct job job;
	bool allow_downgrade, reinstall;
	uint64_t started_us;     /* CLOCK_MONOTONIC */
	char detail[PROTO_TEXT]; /* says more about job.error, for people */
	/* Whom to ask. */
	bool skip_local, skip_manufacturer;
	char url[URL_MAX + 1]; /* this one instead; empty: discover */
	struct domain_search *search;
	struct discover_list tries;
	size_t at;
	uint64_t asked_us;      /* the server at hand */
	uint64_t local_lost_us; /* spent on local servers that were not there */
	struct bus_resolve *lookup;
	char addresses[PROTO_ADDRESSES]; /* of the server at hand, from its link */
	/* What is being fetched. */
	int body_fd; /* the manifest comes here; -1: none */
	struct buf body;
	size_t body_want; /* of a direct file: octets before its image; 0: all is the manifest */
	int stream_fd;    /* and here comes that image; -1: none */
	bool body_end, fetched;
	struct proto_fetched reply;
	/* What was accepted, and by which keys: the judgement borrows from them. */
	struct trust *installed, *trust; /* the file, and what is in force */
	uint64_t key_info_version;
	struct enc_ring ring; /* keys to decrypt with, owned */
	struct fw_judgement judgement;
	char manifest_url[URL_MAX + 1];
	bool private_peer;
	struct plan plan;
	enum awaited awaited;
	size_t image; /* under way */
	bool staged;  /* the images may be in the slot already: verify before fetching */
	uint64_t octets_before;
	bool recorded; /* the history has an entry that says it began */
};

struct app {
	const struct fwupd_config *config;
	struct loop *loop;
	struct state *state;
	struct bus *bus;
	struct fwupd_vtable *vtable;
	struct bus_watch *security;
	bool security_reset, onboarding_open; /* of ocf-secd */
	struct helper fetch, write;
	struct loop_timer *check_timer, *defer_timer, *forget_timer, *fetch_timer;
	struct watch *watch;
	struct reach reach;
	bool reach_is_new; /* since the job began */
	struct occasion occasion;
	uint64_t check_at_us; /* CLOCK_BOOTTIME; NEVER_US: not planned */
	bool is_late;         /* the time of that check had come before we started */
	struct fwupd_facts facts;
	bool has_current;
	struct fw_version current;
	bool ready;      /* systemd knows that we are */
	struct run *run; /* NULL: idle */
	uint32_t last_job;
	struct {
		uint32_t id; /* 0: free */
		uint64_t until_us;
	} ended[FWUPD_JOBS_MAX];
};

/* ---- app.c ---- */

/* Tells the bus what is new, after each step. */
void app_publish(struct app *a);
/* The job is over and gone from a->run. */
void app_job_ended(struct app *a, uint32_t id);
/* Takes over what ocf-fw-write says of the slots. */
void app_take_slots(struct app *a, const struct proto_slots_are *s);
bool app_must_wait(const struct app *a);
/* Plans the next check. */
void app_schedule(struct app *a, uint64_t delay_us);
/* For the first time: systemd may start what comes after us. */
void app_ready(struct app *a);

/* ---- app_job.c ---- */

/* -EBUSY, -ENOMEM. */
MUST_USE int app_job_start(struct app *a, enum job_kind kind, const struct fwupd_options *o,
			   bool skip_local, bool skip_manufacturer);
/* Nothing, if no row of the table allows it. False: no row. */
bool app_job_event(struct app *a, enum job_event event);
/* The slots are known: now whom to ask. */
void app_job_discover(struct app *a);
/* Ends it without a word. */
void app_job_drop(struct app *a);
/* Remembers a failure of the try at hand, and what there is to say about it. */
void app_job_note(struct app *a, enum fw_error error, const char *detail);
void app_job_facts(const struct app *a, struct fwupd_job_facts *ret);

/* ---- app_keys.c ---- */

/* Reads the trust store, with the newest key-info in force, and the keys to decrypt with. -errno:
 * *ret_error says what is wrong with which file. */
MUST_USE int app_keys_load(const struct app *a, struct run *run, char *ret_error, size_t room);
void app_keys_drop(struct run *run); /* after everything that borrows from them */

/* ---- app_manifest.c: the manifest, and in direct mode the file that has its image, too ---- */

/* Asks the server at hand. While an image is awaited: only for what is behind the manifest. */
void app_fetch_manifest(struct app *a);
/* The helper has answered. */
void app_manifest_settle(struct app *a);
void app_manifest_failed(struct app *a, enum fw_error error, const char *detail);
/* As it was signed. */
struct span app_manifest_octets(const struct app *a);
/* Gives up the image that follows. */
void app_drop_stream(struct app *a);

/* ---- app_fetch.c: what the helpers do for the job ---- */

#define APP_CONNECT_MS  10000              /* */
#define APP_SILENCE_US  (5 * USEC_PER_SEC) /* a helper may be late by this */
#define APP_PIPE_OCTETS (1024 * 1024)

/* The helper keeps its own limits; one that does not even do that is given up. */
void app_expect_fetch(struct app *a, uint64_t us);
/* `pipe` is borrowed. */
MUST_USE int app_send_fetch(struct app *a, struct proto_fetch fetch, const char *url, int pipe);
/* `keep`: what is in the slot may be what we are about to fetch. */
void app_begin_slot(struct app *a, bool keep);
void app_fetch_image(struct app *a);
void app_commit(struct app *a);
void app_abort(struct app *a);
/* ocf-fw-fetch has been silent for too long. */
int app_fetch_silent(void *arg);
void app_trouble(struct app *a, enum fw_error error, const char *detail);
void app_on_fetch(void *arg, const struct proto_msg *m);
void app_on_write(void *arg, const struct proto_msg *m);
void app_ask_slots(struct app *a);

/* ocf-fw-fetch has said how it went, or there was no need to ask it. */
void app_fetched(struct app *a, const struct proto_fetched *f);

/* ---- app_reach.c ---- */

/* `netlink` as for watch_new(). */
MUST_USE int app_reach_start(struct app *a, int netlink);
/* Brings the next check forward, if there is reason to and somebody to ask. */
void app_reach_ask(struct app *a);

/* ---- app_judge.c ---- */

/* Judges run->body and tells the job. */
void app_judge(struct app *a);
