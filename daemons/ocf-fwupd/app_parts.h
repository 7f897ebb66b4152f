/* daemons/ocf-fwupd/app_parts.h - between the files of the service; nobody else includes it. */
#pragma once

#include "app.h"
#include "base/log.h"
#include "base/text.h"
#include "bus/bus.h"
#include "bus/fwupd_vtable.h"
#include "fw/job.h"
#include "fw/occasion.h"
#include "fw/pace.h"
#include "fw/plan.h"
#include "health.h"
#include "helper.h"
#include "inhibit.h"
#include "media.h"
#include "rescue.h"
#include "state.h"
#include "tag.h"
#include "watch.h"

struct bus_ask;
struct bus_resolve;
struct loop_timer;

/* The answer of ocf-fw-write that the job waits for. */
enum awaited {
	AWAIT_NOTHING,
	AWAIT_SLOTS,
	AWAIT_BEGIN,
	AWAIT_CHUNKS,
	AWAIT_KEPT, /* how much of the image is there */
	AWAIT_IMAGE,
	AWAIT_VERIFY, /* of the spool */
	AWAIT_COMMIT,
	AWAIT_PROBE, /* what an installation would lack */
};

/* Whether octets of the running version are used again, for the manifest that was accepted. */
enum reuse { REUSE_UNTRIED, REUSE_ON, REUSE_OFF };

/* What came as descriptors. */
struct bundle {
	int folder;             /* of the medium; -1: the files came as descriptors */
	char base[URL_MAX + 1]; /* what relative locations are relative to */
	struct buf manifest;
	size_t n;
	int images[FWUPD_IMAGES_MAX];
};

#define APP_DIGEST_TEXT (sizeof("sha512:") + 2 * HASH_MAX)

/* The job under way, and only while it is. */
struct run {
	uint32_t id;
	struct job job;
	struct bundle *bundle; /* owned; NULL: from a server */
	bool direct;           /* manifest and image come in one file */
	bool allow_downgrade, reinstall, defer_reboot, allow_metered;
	bool retry_rejected;  /* what was rolled back may be installed again */
	bool was_rolled_back; /* and so the manifest offers nothing new */
	bool dry_run;         /* nothing is stored, and no history kept */
	uint32_t uid;         /* who asked; ENTRY_TIMER */
	uint64_t started_us;  /* CLOCK_MONOTONIC */
	uint64_t started_s;   /* since 1970 */
	char transaction[FWUPD_ID_ROOM];
	bool has_digest; /* of the only manifest that is wanted */
	uint8_t digest[FWUPD_DIGEST];
	char waits_for[FWUPD_TEXT_ROOM]; /* while it is deferred */
	bool owner_waited_for;           /* long enough */
	struct fwupd_missing missing;    /* found by a dry run */
	struct pace pace;
	char detail[PROTO_TEXT]; /* says more about job.error, for people */
	/* Whom to ask. */
	bool skip_local, skip_manufacturer;
	bool offline;          /* only media */
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
	bool is_withheld; /* server withheld_at had nothing newer, but that need not be all */
	size_t withheld_at;
	char manifest_url[URL_MAX + 1];
	bool private_peer;
	struct plan plan;
	enum awaited awaited;
	enum fw_error doubt; /* a commit that failed, as the writer says: the slots tell */
	char doubt_text[PROTO_TEXT];
	uint32_t doubt_looks; /* at somebody who may still be at work on it */
	size_t image;         /* under way */
	enum reuse reuse;
	char reuse_failed[PROTO_TEXT]; /* why the whole image was fetched, for people */
	bool keeps; /* the slot holds octets of these images: go on behind them */
	/* That image: offsets are those in the file that the server has. */
	int image_in;              /* our end of its pipe, while more may come; -1: none */
	uint64_t kept;             /* octets of it that were in the slot */
	uint64_t asked_at, got_to; /* of the last request */
	struct tag tag;            /* of that file */
	char etag[PROTO_ETAG];     /* of the reply that comes in */
	uint32_t afresh, guessed;  /* images (bits): to be fetched from their start; taken for
				      whole because their size is not known */
	bool no_ranges;            /* the server at hand gives whole files only */
	bool probing;              /* whether it is there at all, before the slot is erased */
	bool rescue;               /* an installation that was cut off is finished */
	bool spooling, spooled;    /* it goes into the spool; all are there, and verified */
	int spool_fd;              /* its file there; -1: none */
	bool erased;               /* the only slot, by this job */
	bool again;                /* begin the slot again when the writer has answered */
	unsigned failures;         /* in a row, ... */
	uint64_t failed_at;        /* ... the last one after so many octets */
	uint64_t octets_before;
};

struct app {
	const struct fwupd_config *config;
	struct loop *loop;
	struct state *state;
	struct bus *bus;
	struct fwupd_vtable *vtable;
	struct bus_watch *security, *network;
	bool security_reset, onboarding_open; /* of ocf-secd */
	struct helper fetch, write;
	struct loop_timer *check_timer, *defer_timer, *forget_timer, *hour_timer, *fetch_timer,
		*write_timer, *retry_timer, *rescue_timer;
	int spool_dir;           /* -1: this device has none */
	struct rescue rescue;    /* of an installation that has begun to erase; else empty */
	uint64_t rescue_wait_us; /* before the last try */
	bool rescue_only;        /* that is all this program was started for */
	struct watch *watch;
	struct media_watch *media;
	bool medium_waits; /* for the end of the job */
	struct reach reach;
	bool reach_is_new; /* since the job began */
	struct occasion occasion;
	uint64_t check_at_us; /* CLOCK_BOOTTIME; NEVER_US: not planned */
	bool is_late;         /* the time of that check had come before we started */
	struct loop_timer *look_timer, *pace_timer;
	struct policy_windows windows;
	struct inhibitors inhibitors;
	bool metered;
	uint64_t seed;           /* this device's place in its fleet */
	struct state_entry told; /* borrowed by an answer, as are the next two */
	char told_digests[FWUPD_IMAGES_MAX][APP_DIGEST_TEXT];
	struct run *described; /* or NULL */
	struct child_starter *starter;
	/* The trial of what was installed: the record is the state's. */
	struct proto_slots_are slots;   /* as last told; slot "": never */
	char trial_from[PROTO_VERSION]; /* ran before the last commit */
	char trial_waits[PROTO_TEXT];   /* what the gate waits for, for people */
	struct health *health;          /* NULL: none */
	struct loop_timer *trial_timer; /* the deadline */
	struct loop_timer *trial_look_timer;
	bool trial_gate, trial_in_gate; /* the gate decides; it is deciding just now */
	bool trial_told_bad;            /* the back end, in this life */
	unsigned trial_marks; /* so many answers of the writer are awaited, before any of the job */
	bool trial_heard;     /* ocf-fw-write has answered, when last asked for the trial */
	bool trial_refreshed; /* the loader knows that this boot went well */
	struct loop_timer *restart_timer;
	bool restart_wanted;
	struct bus_ask *restart_ask;    /* of logind */
	char restart_waits[PROTO_TEXT]; /* what the reboot waits for; empty: none is wanted */
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
/* The job is over; if it `counts`, the next check is planned. */
void app_job_ended(struct app *a, uint32_t id, bool counts);
/* There is no job any more: what has waited for that. */
void app_idle(struct app *a);
/* Takes over what ocf-fw-write says of the slots. `committed`: a version was installed just now. */
void app_take_slots(struct app *a, const struct proto_slots_are *s, bool committed);
/* For the first time: systemd may start what comes after us. */
void app_ready(struct app *a);

/* ---- app_job.c ---- */

/* -EBUSY, -ENOMEM; -ECANCELED: *ret_why says why a bundle is refused. */
MUST_USE int app_job_start(struct app *a, enum job_kind kind, const struct fwupd_options *o,
			   bool skip_local, bool skip_manufacturer, struct fwupd_refusal *ret_why);
/* The timer's job that only waits is no reason to refuse one that writes. */
void app_job_yield(struct app *a);
/* Nothing, if no row of the table allows it. False: no row. */
bool app_job_event(struct app *a, enum job_event event);
/* The slots are known: now whom to ask. */
void app_job_discover(struct app *a);
/* Ends it without a word. */
void app_job_drop(struct app *a);
void app_run_free(struct run *run); /* accepts NULL; nothing of it is under way */
/* Remembers a failure of the try at hand, and what there is to say about it. */
void app_job_note(struct app *a, enum fw_error error, const char *detail);
void app_job_facts(const struct app *a, struct fwupd_job_facts *ret);
/* Tells how far it is, and goes on doing so until the end. */
int app_on_pace(void *arg);

/* ---- app_history.c ---- */

/* Whether storing `what` gave no error; one is told in the log. */
bool app_is_stored(const char *what, int r);
/* What there is to say about a run now. */
void app_entry_of(const struct app *a, const struct run *run, struct state_entry *ret);
/* The job begins: an end without a word shall be seen after the next start. */
void app_record_start(struct app *a);
/* Why the server at hand is passed over; what is not there needs no entry. */
void app_record_refusal(struct app *a, enum fw_error error, const char *detail);
/* Before the first change of a slot: what is accepted must never be forgotten. */
MUST_USE int app_record_begin(struct app *a);
void app_record_end(struct app *a);
/* The job under way has an entry: the one on top. */
bool app_is_recorded(const struct app *a);
/* How the trial ended: ENTRY_CONFIRMED or ENTRY_ROLLED_BACK. Once, whatever is lost meanwhile. */
void app_record_trial(struct app *a, unsigned result);
/* A line of the log about how `e` ended; in the journal with fields and a MESSAGE_ID. */
void app_tell_end(enum log_level level, const struct state_entry *e, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void app_settle_interrupted(struct app *a);
bool app_history(void *arg, size_t i, struct fwupd_dict *ret);
bool app_history_job(void *arg, uint32_t job, struct fwupd_dict *ret);

/* ---- app_policy.c ---- */

/* From the machine's identifier, which is in that file. */
uint64_t app_policy_seed(const char *machine_id);
/* A maintenance window is open, or none is configured. */
bool app_in_window(const struct app *a);
/* Until this device should act in the next one, by the wall clock of now: 0 if one is open,
 * NEVER_US if none ever will be. */
uint64_t app_until_window_us(const struct app *a);
/* Somebody holds up any of `what` (enum policy_what): *ret_why says who and why. */
bool app_inhibited(const struct app *a, unsigned what, char *ret_why, size_t room);
/* Octets per second that may be fetched; 0: no bound. */
uint32_t app_rate(const struct app *a);
/* What stands in the way of writing, now. */
void app_missing(const struct app *a, const struct run *run, struct fwupd_missing *ret);
/* The rest of a dry run: what ocf-fw-write would lack. The job waits for its answer. */
void app_probe(struct app *a);
void app_probed(struct app *a, const struct proto_probed *p);
/* One thing more that a dry run has found missing, by a name that lives as long as the program. */
void app_put_missing(struct fwupd_missing *m, const char *name, const char *text);
/* ocf-fw-write has gone: that is an answer as well. */
void app_probe_lost(struct app *a, enum awaited what);
/* The same for the job under way: true, and why, if anything does. */
bool app_must_wait(struct app *a);
/* The job is deferred. */
void app_wait(struct app *a);
int app_on_look(void *arg);
int app_on_defer_max(void *arg);
void app_on_security(void *arg, const char *property, const struct bus_value *value);
void app_on_network(void *arg, const char *property, const struct bus_value *value);
void app_inhibitors_changed(void *arg);
int app_inhibit(void *arg, const char *what, const char *who, const char *why, int *ret_fd);
bool app_inhibitor(void *arg, size_t i, struct fwupd_inhibitor *ret);
/* Plans the next check: then, at its time, at the first one. */
void app_schedule(struct app *a, uint64_t delay_us);
void app_schedule_next(struct app *a);
void app_schedule_first(struct app *a);
int app_on_check_time(void *arg);

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
struct span app_manifest_octets(const struct run *run);
/* Gives up the image that follows. */
void app_drop_stream(struct app *a);

/* ---- app_fetch.c: what the helpers do for the job ---- */

#define APP_CONNECT_MS  10000
#define APP_SILENCE_US  (5 * USEC_PER_SEC) /* a helper may be late by this */
#define APP_PIPE_OCTETS (128 * 1024)

/* The helper keeps its own limits; one that does not even do that is given up. */
void app_expect_fetch(struct app *a, uint64_t us);
/* `pipe` is borrowed. */
MUST_USE int app_send_fetch(struct app *a, struct proto_fetch fetch, const char *url, int pipe);
/* `keep`: what is in the slot may be what we are about to fetch. */
void app_begin_slot(struct app *a, bool keep);
uint64_t app_image_silence_us(const struct app *a);
/* The writer has so long for its next word. */
void app_expect_writer(struct app *a);
int app_write_silent(void *arg);
void app_commit(struct app *a);
void app_abort(struct app *a);
/* ocf-fw-fetch has been silent for too long. */
int app_fetch_silent(void *arg);
void app_trouble(struct app *a, enum fw_error error, const char *detail);
void app_on_fetch(void *arg, const struct proto_msg *m);
void app_on_write(void *arg, const struct proto_msg *m);
void app_ask_slots(struct app *a);
/* The helper is asked to do something, and what it answers is waited for. */
void app_ask_writer(struct app *a, enum awaited what, const struct proto_msg *m, int pass);
/* How an image, or the index of all, is asked for. */
struct proto_fetch app_image_request(const struct app *a, uint64_t limit);
void app_put_digests(const struct digests *from, struct proto_digests *to);

/* ocf-fw-fetch has said how it went, or there was no need to ask it. */
void app_fetched(struct app *a, const struct proto_fetched *f);

/* ---- app_reach.c ---- */

/* `netlink` as for watch_new(). */
MUST_USE int app_reach_start(struct app *a, int netlink);
/* Brings the next check forward, if there is reason to and somebody to ask. */
void app_reach_ask(struct app *a);

/* ---- app_reuse.c: octets of the running version are used again ---- */

/* Fetches the index and has it compared, if that is to be done before the first image. False: the
 * image can be asked for. */
bool app_reuse_begin(struct app *a);
void app_reuse_compared(struct app *a, const struct proto_done *d);
/* The writer knows what is missing of the image. */
void app_reuse_ranges(struct app *a, uint32_t n);
/* The image is bad. True: that is so because of the reuse, and it is seen to. */
bool app_reuse_is_to_blame(struct app *a, const struct proto_done *d);

/* ---- app_image.c: an image, through all cuts ---- */

void app_fetch_image(struct app *a);
void app_image_put(const struct plan_image *image, struct proto_image *to);
/* Asks for the file of the image from that octet on, or for the ranges that were sent. */
void app_image_ask(struct app *a, uint64_t at);
/* run->image_in becomes the end of a pipe that takes the image; *ret_out gives it, and is owned by
 * the caller. -errno, as errno says. */
MUST_USE int app_image_pipe(struct run *run, int *ret_out);
/* The pipe ends, and the writer judges what it has. */
void app_image_nothing_to_ask(struct app *a);
void app_image_kept(struct app *a, uint64_t octets);
void app_image_started(struct app *a, const struct proto_started *s);
/* run->reply is there. */
void app_image_fetched(struct app *a);
void app_image_done(struct app *a, const struct proto_done *d);
/* A helper has gone. False: it has done so too often, or nothing has come from it. */
void app_image_fetch_lost(struct app *a);
MUST_USE bool app_image_fetch_silent(struct app *a);
MUST_USE bool app_image_write_lost(struct app *a);
int app_image_retry(void *arg);
/* Whether the writer does not take what is there for it. */
MUST_USE bool app_image_is_blocked(const struct app *a);
/* Nothing more comes into the pipe. */
void app_image_close(struct run *run);
/* Another server is tried: what is known of the last one is void. */
void app_image_reset(struct run *run);

/* ---- app_spool.c: devices that verify all before they write anything ---- */

MUST_USE int app_spool_open(struct app *a, const char *state_dir);
/* False: not on this device. */
MUST_USE bool app_spool_begin(struct app *a);
void app_spool_next(struct app *a); /* the image at hand */
/* It is there; `declined`: not the rest that was asked for. */
void app_spool_fetched(struct app *a, bool declined);
void app_spool_failed(struct app *a); /* run->reply says why */
void app_spool_verified(struct app *a, const struct proto_done *d);
/* Puts it where those come from that need not be fetched. */
MUST_USE bool app_spool_image(struct app *a);
void app_spool_progress(struct app *a);
void app_spool_ended(struct app *a); /* with the job */

/* ---- app_erase.c: devices with one slot, and their rescue start ---- */

/* The images are looked for before anything is erased. False: not on this device. */
MUST_USE bool app_erase_begin(struct app *a);
void app_erase_started(struct app *a, const struct proto_started *s);
void app_erase_fetched(struct app *a); /* run->reply is there */
/* Goes on with an installation that was cut off, if there is one. Errors of rescue_load(). */
MUST_USE int app_rescue_open(struct app *a);
int app_rescue_retry(void *arg);
void app_rescue_tries(struct app *a);
void app_rescue_manifest(struct app *a);
void app_rescue_ended(struct app *a); /* as the job did */

/* ---- app_judge.c ---- */

#define APP_HOUR_US (UINT64_C(3600) * USEC_PER_SEC)
/* A time that is right is stored once an hour, for a start without a clock. */
int app_on_hour(void *app);
/* Judges run->body, with the keys that are loaded. */
void app_judge_run(struct app *a, struct run *run);
/* The same for the job under way, and tells it. */
void app_judge(struct app *a);
/* Takes over the key-info of the job's manifest, if it has one that is authorised and newer, and
 * no dry run. Errors of state_save_keys(), which are told. */
int app_rotate_keys(struct app *a);

/* ---- app_media.c ---- */

MUST_USE int app_media_start(struct app *a);
/* A medium may have waited for the end of a job. */
void app_media_look(struct app *a);
/* The media that are there, as what to try. -EINVAL: too many. */
MUST_USE int app_media_tries(struct app *a);
/* If the try at hand is on a medium, makes a bundle of it. False: it is not there, as was told. */
MUST_USE bool app_media_begin(struct app *a);
/* Opens what the plan says. False: not all are there, as was noted. */
MUST_USE bool app_media_images(struct app *a);

/* ---- app_bundle.c ---- */

/* All of the file, wherever its descriptor stands. -ECANCELED: *ret_why. -ENOMEM. */
MUST_USE int app_bundle_read(int fd, struct buf *out, struct fwupd_refusal *ret_why);

/* 0: *ret is ended by app_bundle_close(). -ECANCELED: *ret_why. -ENOMEM, -EMFILE. */
MUST_USE int app_bundle_open(const struct fwupd_bundle *b, struct bundle **ret,
			     struct fwupd_refusal *ret_why);
void app_bundle_close(struct bundle *b); /* accepts NULL */
/* The manifest is there already. */
void app_bundle_fetch(struct app *a);
/* Puts the image at hand where those come from that need not be fetched. */
MUST_USE bool app_bundle_image(struct app *a);
int app_describe(void *arg, const struct fwupd_options *o, struct fwupd_description *ret,
		 struct fwupd_refusal *ret_why);

/* ---- app_trial.c: the version that has to prove itself ---- */

MUST_USE int app_trial_start(struct app *a);
void app_trial_free(struct app *a);
void app_trial_see(struct app *a, const struct proto_slots_are *s, bool committed);
/* A version that waits for its boot is about to lose its slot. Errors of state_save(). */
MUST_USE int app_trial_give_way(struct app *a);
/* What runs is on trial: ... */
bool app_trial_is_on(const struct app *a);
/* ... the other slot is its way back, and nothing is written. */
bool app_trial_forbids(const struct app *a, enum job_kind kind);
#define APP_ON_TRIAL "The version that runs is on trial"
/* That a version gets which is installed now. */
uint32_t app_trial_attempts(const struct app *a);
/* The writer has answered, or (NULL) gone. False: not to the trial. */
bool app_trial_marked(struct app *a, const struct proto_done *d);
int app_trial_confirm(void *arg, const char *slot, struct fwupd_refusal *ret_why);
int app_trial_reject(void *arg, const char *slot, const char *reason,
		     struct fwupd_refusal *ret_why);
void app_trial_facts(const struct app *a, struct fwupd_facts *ret);
const char *app_trial_state_name(const struct app *a); /* as State, while there is no job */

/* ---- app_restart.c: the reboot that a trial asks for ---- */

MUST_USE int app_restart_start(struct app *a);
void app_restart_free(struct app *a);
/* As Reboot= allows, and as soon as nobody holds it up. */
void app_restart_want(struct app *a);
void app_restart_drop(struct app *a);
/* What it waited for may be there now. */
void app_restart_look(struct app *a);
